"""The life of the window as a process: open at once, connect in the background, close within seconds."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import shiboken6
from PySide6.QtWidgets import QApplication

from pipeline_gui import __version__
from pipeline_gui.late_modules import run_what_tells_of_errors
from pipeline_gui.log_file import log_to_file
from pipeline_gui.profile import APPLICATION
from pipeline_gui.window.crash import CrashReporter
from pipeline_gui.window.first_rows import FirstRows
from pipeline_gui.window.heap import share_one_heap
from pipeline_gui.window.icons import application_icon
from pipeline_gui.window.main_window import MainWindow
from pipeline_gui.window.opener import Opener, Say
from pipeline_gui.window.remembered import RememberedLook
from pipeline_gui.window.single_window import SingleWindow
from pipeline_gui.window.termination import Termination
from pipeline_gui.window.translation import load_translation

if TYPE_CHECKING:
    from pipeline_gui.backend import Backend
    from pipeline_gui.settings import Settings
    from pipeline_gui.window.first_look import FirstLook
    from pipeline_gui.window.watchdog import Watchdog

log = logging.getLogger(__name__)

CLOSING_SECONDS = 1.5
"""How long closing may take before the process just ends: servers may hang, and nothing of ours is lost by then."""


def run_window(settings: Settings, first_look: FirstLook | None = None, *, debugs: bool = False) -> int:
    """Show the window until it is closed; the exit code. debugs: log what holds its event loop up."""
    application = QApplication([APPLICATION])
    application.setApplicationName(APPLICATION)
    application.setApplicationVersion(__version__)
    application.setDesktopFileName(APPLICATION)
    application.setWindowIcon(application_icon())
    load_translation(application)
    log_to_file()
    single = SingleWindow(settings)
    if not single.claim():
        if single.has_raised:
            print("pipeline-gui: the window is open already, and was brought to the front.", file=sys.stderr)
            return 0
        print("pipeline-gui: the window is open already, and could not be brought to the front.", file=sys.stderr)
        return 1
    window = MainWindow()
    window.closed.connect(application.quit)
    single.wanted.connect(window.raise_to_front)
    watchdog = _watchdog(window) if debugs else None
    reporter = CrashReporter(window, settings.profile.log_file)
    reporter.install()
    backends: list[Backend] = []

    def opened(backend: Backend) -> None:
        backends.append(backend)
        window.attach(backend)

    opener = Opener(partial(_open, settings), window.opening, window)
    opener.opened.connect(opened)
    opener.failed.connect(window.show_opening)
    opener.servers_missing.connect(lambda: window.show_settings(settings, opener.gateway, is_first=True))
    window.opening.servers_wanted.connect(lambda: window.show_settings(settings, opener.gateway))
    wishes: list[str] = []

    def restart() -> None:
        wishes.append("restart")
        window.close_now()

    window.restart_wanted.connect(restart)
    termination = Termination(window.close_now, window)
    termination.install()
    application.commitDataRequest.connect(lambda _manager: window.closing.session_ends())
    look = RememberedLook(settings.profile.data)
    look.restore(window)
    if first_look is None:
        share_one_heap()
        opener.open()
    else:
        FirstRows(window, opener, first_look)
    window.show()
    window.tray.show()
    if watchdog is not None:
        watchdog.start()
    code = application.exec()
    if first_look is not None:
        first_look.give_up()
    look.save(window)
    termination.uninstall()
    single.close()
    if watchdog is not None:
        watchdog.stop()
    session_ended = window.session is None or window.session.gateway.close(0.3)
    if not (opener.close(0.2) and session_ended and _closed(backends)):
        # A thread waits for a server that hangs. Python would wait for it in turn, so the process ends here.
        log.warning("closed with a server that does not answer")
        if wishes:
            _start_again()
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    if wishes:
        _start_again()
    reporter.uninstall()
    shiboken6.delete(window)  # before the application goes, which would take its parts in any order
    return code


def _watchdog(window: MainWindow) -> Watchdog:
    from pipeline_gui.window.watchdog import Watchdog

    return Watchdog(window)


def _start_again() -> NoReturn:
    """Become the program that was just started: nothing of what was open or loaded is left."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    words = sys.argv[1:] if getattr(sys, "frozen", False) else sys.orig_argv[1:]
    os.execv(sys.executable, [sys.executable, *words])


def _open(settings: Settings, say: Say) -> Backend:
    run_what_tells_of_errors()
    from pipeline_gui.backend import open_backend

    try:
        return open_backend(settings, face="window", say=say)
    finally:
        gc.freeze()  # all that stays is loaded, and need not be looked through again
        gc.enable()


def _closed(backends: list[Backend]) -> bool:
    """Close the backends, within a bound; whether it was enough."""
    threads = [threading.Thread(target=backend.close, name="closing", daemon=True) for backend in backends]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(CLOSING_SECONDS)
    return not any(thread.is_alive() for thread in threads)
