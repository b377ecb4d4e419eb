"""The bundle as a .tar.gz whose bytes depend on its content alone."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path


def write_archive(bundle: Path, path: Path, moment: int, level: int = 9) -> None:
    """Pack the folder, everything dated moment (seconds since 1970) and owned by root; level as gzip's, 0 to 9."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime = moment
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        return member

    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", level, file, mtime=moment) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for entry in [bundle, *sorted(bundle.rglob("*"))]:
            archive.add(entry, str(entry.relative_to(bundle.parent)), recursive=False, filter=plain)
