"""What is in a bundle: which distributions and libraries, under which licences; as texts beside it and as an SBOM."""

from __future__ import annotations

import os
import platform
import re
import ssl
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import Distribution, distributions
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from PyInstaller.archive.readers import CArchiveReader

from installers.known_licences import DISTRIBUTIONS, LIBRARIES
from pipeline_gui import __version__

_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A component of the bundle."""

    name: str
    version: str
    licence: str
    distribution: Distribution | None = None


class UnknownLicence(RuntimeError):
    """Something is in the bundle of which no licence is known here."""


def parts_of(bundle: Path) -> list[Part]:
    """Everything that others made, by name. Raises UnknownLicence."""
    known = {part.name.lower(): part for part in [*_distributions_in(bundle), *_libraries_in(bundle)]}
    version = platform.python_version()
    known["cpython"] = Part("CPython", version, "PSF-2.0")
    known["pyinstaller"] = Part("PyInstaller bootloader", _version_of("pyinstaller"), "Apache-2.0")
    return [known[name] for name in sorted(known)]


def write_licences(bundle: Path, parts: list[Part]) -> None:
    """The licence texts of all parts into ``licences/``, with a list."""
    folder = bundle / "licences"
    folder.mkdir(exist_ok=True)
    lines = [f"{part.name} {part.version}: {part.licence}" for part in parts]
    (folder / "LIST.txt").write_text(f"pipeline-gui {__version__}: Apache-2.0\n\n" + "\n".join(lines) + "\n", "utf-8")
    for text in (Path(__file__).parent / "licences").glob("*.txt"):
        (folder / text.name).write_bytes(text.read_bytes())
    python = Path(sys.base_prefix) / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "LICENSE.txt"
    for source in (python, Path("/usr/share/doc/python3/copyright")):
        if source.exists():
            (folder / "CPython.txt").write_bytes(source.read_bytes())
            break
    for part in parts:
        for file in (part.distribution.files or []) if part.distribution else []:
            if _LICENCE_FILE.search(file.name) and ".dist-info" in str(file):
                target = folder / part.name / file.name
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(Path(str(file.locate())).read_bytes())


def write_sbom(parts: list[Part], path: Path) -> None:
    """The list as CycloneDX 1.6, in JSON; the same parts give the same bytes."""
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"pipeline-gui {__version__} {sys.platform}"))
    bom.metadata.timestamp = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    bom.metadata.component = _component(Part("pipeline-gui", __version__, "Apache-2.0"), ComponentType.APPLICATION)
    for part in parts:
        bom.components.add(_component(part, ComponentType.LIBRARY))
    bom.register_dependency(bom.metadata.component, bom.components)
    text = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=1)
    path.write_text(text + "\n", "utf-8")


def _component(part: Part, kind: ComponentType) -> Component:
    url = PackageURL("pypi", None, part.distribution.name.lower(), part.version) if part.distribution else None
    simple = not re.search(r" (OR|AND) |LicenseRef", part.licence)
    return Component(
        name=part.name,
        version=part.version,
        type=kind,
        purl=url,
        bom_ref=f"{part.name}@{part.version}",
        licenses=[DisjunctiveLicense(id=part.licence) if simple else DisjunctiveLicense(name=part.licence)],
    )


# --- what is inside -------------------------------------------------------------------------------------------------


def _distributions_in(bundle: Path) -> Iterator[Part]:
    """The Python distributions of which a module is in the bundle."""
    inside = _modules_in(bundle)
    for distribution in distributions():
        name = distribution.name
        if name.lower() == "pipeline-gui":
            continue
        files = [str(file) for file in distribution.files or []]
        modules = {
            file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            for file in files
            if file.endswith(".py")
        }
        native = {Path(file).name for file in files if ".so" in Path(file).name}
        if modules & inside.modules or native & inside.files:
            yield Part(name, distribution.version, _licence_of(distribution), distribution)


@dataclass(frozen=True, slots=True)
class _Inside:
    modules: set[str]
    files: set[str]


def _modules_in(bundle: Path) -> _Inside:
    archive = CArchiveReader(str(bundle / "pipeline-gui"))
    modules: set[str] = set()
    for name in archive.toc:
        if name.endswith(".pyz"):
            modules |= set(archive.open_embedded_archive(name).toc)
    return _Inside(modules, {path.name for path in bundle.rglob("*.so*")})


def _libraries_in(bundle: Path) -> Iterator[Part]:
    for file in bundle.rglob("*.so*"):
        for beginning, (name, licence) in LIBRARIES.items():
            if file.name.startswith(beginning):
                version = ssl.OPENSSL_VERSION.split()[1] if name == "OpenSSL" else _soname_version(file.name)
                version = _version_of("PySide6-Essentials") if name == "Qt" else version
                yield Part(name, version, licence)


def _soname_version(name: str) -> str:
    return f"so.{name.partition('.so.')[2] or '0'}"


def _licence_of(distribution: Distribution) -> str:
    said = distribution.metadata["License-Expression"]
    name = re.sub(r"[-_.]+", "-", distribution.name).lower()
    licence = said or DISTRIBUTIONS.get(name)
    if licence is None:
        raise UnknownLicence(f"name the licence of {distribution.name} in installers/contents.py")
    return licence


def _version_of(distribution: str) -> str:
    return Distribution.from_name(distribution).version
