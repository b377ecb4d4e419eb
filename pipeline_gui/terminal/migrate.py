"""`migrate`: prepare the database, and say which one it is after it was moved or copied."""

from __future__ import annotations

import argparse

from pipeline_gui.terminal.output import Output
from pipeline_gui.terminal.session import settings_of


def migrate(arguments: argparse.Namespace, output: Output) -> int:
    """Prepare the database."""
    settings = settings_of(arguments)
    from pipeline_gui.backend import Identity, prepare_database

    identity: Identity | None = "moved" if arguments.moved else "new" if arguments.new_identity else None
    message = prepare_database(settings, identity=identity, say=output.note)
    return output.answered({"success": True, "run_id": None, "message": message})
