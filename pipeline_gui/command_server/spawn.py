"""Spawning a batch: its folder, its lock, its supervisor."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from pipeline_gui.command_server import durable, folder, processes, spark_command
from pipeline_gui.command_server.batch import Batch
from pipeline_gui.command_server.secret_values import Filled
from pipeline_gui.command_server.spark_command import SparkInstallation

_ENTRY = Path(__file__).with_name("supervise.py")


def supervisor_python() -> str:
    """The interpreter that runs supervisors. Raises OSError when a bundled program finds none."""
    if not getattr(sys, "frozen", False):
        return sys.executable
    found = shutil.which("python3")
    if found is None:
        raise OSError(0, "no python3 is on the PATH, which the supervisor of a batch needs")
    return found


def spawn(batch: Batch, spark: SparkInstallation, filled: Filled) -> None:
    """Make the folder of a batch and start its supervisor, which starts the driver. Raises OSError."""
    path = batch.path
    path.mkdir(mode=0o700)
    for name in (folder.WORK, folder.SCRATCH):
        (path / name).mkdir(mode=0o700)
    environment = spark_command.environment(spark)
    properties = path / folder.PROPERTIES
    if filled.has_secrets:
        (path / folder.HAS_SECRETS).touch(0o600)  # first: whoever comes after a crash must know
    durable.write_file(str(properties), spark_command.properties(spark, filled, path / folder.SCRATCH))
    arguments = spark_command.arguments(spark, filled.submission, properties)
    launch: durable.Record = {"arguments": list(arguments), "environment": dict(environment)}
    durable.write_record(str(path / folder.LAUNCH), launch)
    batch.describe()
    folder.reserve(str(path))
    os.mkfifo(path / folder.WAKE, 0o600)
    lock_fd = os.open(path / folder.LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Locked before the fork and inherited: from the first moment on a free lock means that nothing can start.
        fcntl.flock(lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with open(path / folder.SUPERVISOR_LOG, "wb") as log:
            batch.supervisor = subprocess.Popen(
                [supervisor_python(), "-I", "-S", str(_ENTRY), str(path), str(lock_fd)],
                env=environment | {processes.SUPERVISOR_VARIABLE: batch.marker},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock_fd,),
                start_new_session=True,
                cwd="/",
            )
    finally:
        os.close(lock_fd)
