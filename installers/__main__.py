"""``python -m installers FOLDER [--quick]``: what is handed out of PyInstaller's FOLDER/pipeline-gui, beside it.

Also the wheel and the source distribution, which have the servers as extras.

--quick packs nothing small: for trying it, since that takes most of the time.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from installers.archive import write_archive
from installers.contents import parts_of, write_licences, write_sbom
from installers.debian import write_package
from installers.distributions import write_distributions
from pipeline_gui import __version__


def main(folder: Path, *, quick: bool) -> None:
    """Licences into the bundle; an SBOM, an archive, Python's distributions and, with Debian's tools, a package."""
    bundle = folder / "pipeline-gui"
    moment = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    parts = parts_of(bundle)
    write_licences(bundle, parts)
    write_sbom(parts, bundle / "licences" / "sbom.cdx.json")
    shutil.copyfile(bundle / "licences" / "sbom.cdx.json", folder / f"pipeline-gui-{__version__}.cdx.json")
    write_archive(bundle, folder / f"pipeline-gui-{__version__}-linux-x86_64.tar.gz", moment, level=1 if quick else 9)
    if shutil.which("dpkg-deb") is None:
        print("There is no dpkg-deb here, so no Debian package is made.")
    else:
        write_package(bundle, folder, moment, level=0 if quick else 6)
    write_distributions(folder, moment)
    for path in sorted(folder.iterdir()):
        print(f"{_size(path) / 1e6:8.1f} MB  {path}")


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file() and not file.is_symlink()]
    return sum(file.stat().st_size for file in files)


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--quick"]
    main(Path(words[0] if words else "dist"), quick="--quick" in sys.argv)
