"""``python -m tests.bare_machine``: installs the package of dist/ on a bare machine and works with its window.

BARE_MACHINE is a command that is called as ``BARE_MACHINE --with FILE --with FILE … COMMAND``: it copies the files into
root's home of a Debian without Python and a display, runs the shell command there as root, and ends as that does.
BARE_MACHINE_REACHES is the address by which that machine reaches this computer; 127.0.0.1 where it shares its network.
Screenshots are written to build/bare-machine/.
"""

from __future__ import annotations

import base64
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from installers.debian import write_package
from pipeline_gui import __version__
from pipeline_gui.configurations.owner import Configurations
from pipeline_gui.pipeline.ports import Actor
from pipeline_gui.store.migrate import migrate
from pipeline_gui.store.store import open_store
from tests.command_server.harness import SLEEP, command_server
from tests.postgres import running_server
from tests.spark.certificates import Certificate, make_certificate_of_authority
from tests.store.tls_front import tls_front

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "bare-machine"
OLDER = "0.0.9"
ADMINISTRATOR = Actor("administrator", "tests", "terminal")
PASSWORD = "correct horse"
_PICTURE = re.compile(r"^picture (\S+)\n((?:[A-Za-z0-9+/=]+\n)+)end of picture$", re.MULTILINE)


def main() -> int:
    """The exit code: that of what was done on the bare machine; 2 where nothing names it."""
    machine = shlex.split(os.environ.get("BARE_MACHINE", ""))
    if not machine:
        print(__doc__, file=sys.stderr)
        return 2
    here = os.environ.get("BARE_MACHINE_REACHES", "127.0.0.1")
    package = ROOT / "dist" / f"pipeline-gui_{__version__}_amd64.deb"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bare-")))
        folder.chmod(0o711)  # PostgreSQL may have to run as another user than root
        certificate = make_certificate_of_authority(folder, here)
        facts = _servers(stack, folder, certificate, here)
        facts |= {"NEWER": package.name, "OLDER": _older_package(folder).name, "VERSION": __version__}
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in facts.items()]
        (folder / "facts.sh").write_text("".join(lines), "utf-8")
        files = [package, folder / facts["OLDER"], certificate.authority, folder / "facts.sh"]
        files.append(Path(__file__).with_name("operator.sh"))
        words = [word for file in files for word in ("--with", str(file))]
        said = subprocess.run([*machine, *words, "bash ./operator.sh"], stdout=subprocess.PIPE, text=True, check=False)
    _keep_pictures(said.stdout)
    print(_PICTURE.sub(lambda match: f"picture: {PICTURES / match[1]}", said.stdout))
    return said.returncode


def _servers(stack: ExitStack, folder: Path, certificate: Certificate, here: str) -> dict[str, str]:
    """A PostgreSQL with an operator, and a command server with something to run; where they are, for the script."""
    host = "127.0.0.1" if here == "127.0.0.1" else "0.0.0.0"
    postgres = stack.enter_context(running_server(folder / "postgres"))
    url = postgres.url_of(postgres.create_database())
    migrate(url, actor=ADMINISTRATOR)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute((ROOT / "resources" / "sql" / "roles.sql").read_bytes())
        connection.execute(sql.SQL("CREATE ROLE ana LOGIN PASSWORD {}").format(sql.Literal(PASSWORD)))
        connection.execute("GRANT pipeline_gui_operator TO ana")
    spark = stack.enter_context(command_server(folder / "server", certificate=certificate, host=host))
    store = open_store(url, application_name="tests", max_connections=1)
    runs = {"name": "nightly", "file": str(spark.app(SLEEP)), "grace_seconds": 5}
    Configurations(store.configurations, store, ADMINISTRATOR).create(runs)
    store.close()
    front = conninfo_to_dict(stack.enter_context(tls_front(url, certificate, host)))
    return {
        "DATABASE_URL": f"postgresql://ana@{here}:{front['port']}/{front['dbname']}"
        "?sslmode=verify-full&sslrootcert=/etc/ssl/our-authority.pem",
        "PASSWORD": PASSWORD,
        "SPARK_URL": f"https://{here}:{spark.port}",
        "TOKEN": spark.token,
    }


def _older_package(folder: Path) -> Path:
    """The same program under an older number, with a file that the newer one does not have."""
    bundle = folder / "older" / "pipeline-gui"
    shutil.copytree(ROOT / "dist" / "pipeline-gui", bundle, symlinks=True)
    (bundle / "only-in-the-older").touch()
    return write_package(bundle, folder, 0, level=0, version=OLDER)


def _keep_pictures(said: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, data in _PICTURE.findall(said):
        (PICTURES / name).write_bytes(base64.b64decode(data))


if __name__ == "__main__":
    sys.exit(main())
