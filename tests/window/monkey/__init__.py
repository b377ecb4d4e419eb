"""A hostile monkey: random clicks and keys on the real window, while its servers hang, fail and change.

``python -m tests.window.monkey [MINUTES] [SEED] [--servers]``; with ``--servers`` on a real PostgreSQL and a real
command server, with another operator and a network that hangs and breaks. It must find no exception, no leak, no long
pause and no lie: after each burst the window is left alone for a moment, and must then say what the record says.
"""
