"""Small files that survive a power cut: standard library only, quick to import."""

from __future__ import annotations

import json
import os

Record = dict[str, object]


def sync_directory(path: str) -> None:
    """Make the names in a directory durable. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte; a write that the disk cut short is continued, so that its error shows. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_file(path: str, data: bytes, *, durable: bool = False) -> None:
    """Replace a file of mode 0600 in one step: its old or its new content is there, never half. Raises OSError."""
    temporary = f"{path}.tmp"
    # Opened without O_TRUNC: the blocks that a reserved temporary file holds are still its own on a full disk.
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        write_all(fd, data)
        os.ftruncate(fd, len(data))
        if durable:
            os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(temporary, path)
    if durable:
        sync_directory(os.path.dirname(path))


def write_record(path: str, record: Record, *, durable: bool = False) -> None:
    """Replace a file by a JSON object. Raises OSError."""
    write_file(path, json.dumps(record).encode(), durable=durable)


def read_record(path: str) -> Record | None:
    """The JSON object of a file; None when there is no such file or it holds none. Raises OSError."""
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def reserve(path: str, size: int) -> None:
    """Allocate the blocks of the temporary file that write_file(path) will use. Raises OSError."""
    fd = os.open(f"{path}.tmp", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.posix_fallocate(fd, 0, size)
    finally:
        os.close(fd)
