"""``python -m pipeline_gui.command_server``: the Spark command server by itself."""

from __future__ import annotations

import argparse
import logging
import sys

from pipeline_gui.command_server.options import add_arguments, options_from
from pipeline_gui.command_server.server import run_server

DESCRIPTION = "Run Spark batches for the clients of Livy's batch API, by spark-submit."


def main() -> int:
    """Run the server as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m pipeline_gui.command_server", description=DESCRIPTION)
    add_arguments(parser)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    return run_server(options_from(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
