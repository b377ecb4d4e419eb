"""Entry of a supervisor: ``python -I -S supervise.py FOLDER LOCK_FD``, without site-packages, so up at once."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from pipeline_gui.command_server.supervisor import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
