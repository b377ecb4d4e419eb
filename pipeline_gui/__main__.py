"""``python -m pipeline_gui``: the same program as ``pipeline-gui``."""

from __future__ import annotations

import sys

from pipeline_gui.cli import main

if __name__ == "__main__":
    sys.exit(main())
