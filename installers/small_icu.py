"""Qt's ICU without the texts of 800 locales: 31 MB of data of which a window of widgets reads 2.

ICU finds its data in a library of one symbol, a package of named items (ICU4C's ``pkg_icu.cpp`` and ``ucmndata.h``).
The library is linked anew around the items that have no locale, by binutils, which PyInstaller needs too. What is
missing falls back to the root locale, by ICU's own rules.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

_WITHOUT_LOCALE = re.compile(
    r"""[^/]+\.(icu|nrm|spp)$ | (coll/)?(root|ucadata|res_index|pool)\.(res|icu)$ | brkitr/(root\.res|[a-z_]+\.brk)$
    | (\w+/)(root|res_index|pool)\.res$
    | (supplementalData|likelySubtags|keyTypeData|timezoneTypes|zoneinfo64|metaZones|windowsZones|numberingSystems
       |plurals|pluralRanges|dayPeriods|metadata|icuver|icustd|currencyNumericCodes|genderList|grammaticalFeatures|units
       |en|en_US|en_001)\.res$""",
    re.VERBOSE,
)


class NotUnderstood(RuntimeError):
    """The library is not what it is taken for."""


def is_kept(item: str) -> bool:
    """Whether an item of the package, without the package's name, stays."""
    return _WITHOUT_LOCALE.fullmatch(item) is not None


def shrink(library: Path, target: Path) -> None:
    """Write a smaller library of the same name and symbol, with binutils. Raises NotUnderstood."""
    symbol, package = _package_of(library)
    small = _filtered(package)
    target.parent.mkdir(parents=True, exist_ok=True)
    data, source, binary = (target.with_suffix(suffix) for suffix in (".dat", ".s", ".o"))
    data.write_bytes(small)
    source.write_text(
        f'.section .rodata\n.globl {symbol}\n.type {symbol}, @object\n.balign 16\n{symbol}:\n.incbin "{data}"\n'
        f'.size {symbol}, {len(small)}\n.section .note.GNU-stack,"",@progbits\n',
        "utf-8",
    )
    subprocess.run([_tool("as"), "-o", str(binary), str(source)], check=True)
    words = [_tool("ld"), "-shared", "-z", "noexecstack", "--build-id=none", "-soname", library.name, "-o", str(target)]
    subprocess.run([*words, str(binary)], check=True)
    for file in (data, source, binary):
        file.unlink()


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotUnderstood(f"{name} is missing; it is in binutils")
    return found


def _package_of(library: Path) -> tuple[str, bytes]:
    """The symbol of the package, and its bytes."""
    said = subprocess.run(
        [_tool("readelf"), "-Ws", "-WS", str(library)], capture_output=True, text=True, check=True
    ).stdout
    symbol = re.search(r"([0-9a-f]{16})\s+\S+\s+OBJECT\s+GLOBAL\s+DEFAULT\s+\d+\s+(icudt\d+_dat)", said)
    section = re.search(r"\.rodata\s+PROGBITS\s+([0-9a-f]{16})\s+([0-9a-f]+)\s+([0-9a-f]+)", said)
    if symbol is None or section is None:
        raise NotUnderstood(f"{library.name} holds no package of ICU")
    address, offset, size = (int(text, 16) for text in section.groups())
    begin = int(symbol[1], 16) - address + offset
    return symbol[2], library.read_bytes()[begin : offset + size]


def _filtered(package: bytes) -> bytes:
    header_size, magic = struct.unpack_from("<H2s", package)
    if magic != b"\xda\x27" or package[12:16] != b"CmnD":
        raise NotUnderstood("not a little-endian package of ICU")
    base = header_size
    (count,) = struct.unpack_from("<I", package, base)
    places = [struct.unpack_from("<II", package, base + 4 + 8 * number) for number in range(count)]
    ends = [place for _, place in places[1:]] + [len(package) - base]
    kept: list[tuple[bytes, bytes]] = []
    for (name_at, begin), end in zip(places, ends, strict=True):
        name = package[base + name_at : package.index(b"\0", base + name_at)]
        if is_kept(name.decode("ascii").split("/", 1)[1]):
            kept.append((name, package[base + begin : base + end]))
    return package[:header_size] + _packed(kept)


def _packed(items: list[tuple[bytes, bytes]]) -> bytes:
    """A table of contents, the names, and the items, each on a boundary of 16 bytes."""
    names_at = 4 + 8 * len(items)
    names, table = b"", b""
    data_at = _aligned(names_at + sum(len(name) + 1 for name, _ in items))
    data = b""
    for name, content in items:
        table += struct.pack("<II", names_at + len(names), data_at + len(data))
        names += name + b"\0"
        data += content + b"\0" * (_aligned(len(content)) - len(content))
    head = struct.pack("<I", len(items)) + table + names
    return head + b"\xaa" * (data_at - len(head)) + data


def _aligned(size: int) -> int:
    return (size + 15) // 16 * 16
