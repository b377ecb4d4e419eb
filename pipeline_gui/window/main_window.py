"""The main window: places the parts and connects them. What it shows comes from the record, never from a click."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QWidget

from pipeline_gui.window.actions import Actions
from pipeline_gui.window.badge import Badge
from pipeline_gui.window.closing import Closing
from pipeline_gui.window.configuration_box import ConfigurationBox
from pipeline_gui.window.enablement import Kind, permissions
from pipeline_gui.window.icons import application_icon
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.messages import Message, failure_message
from pipeline_gui.window.opening_page import OpeningPage
from pipeline_gui.window.raising import bring_up
from pipeline_gui.window.runs_page import RunsPage
from pipeline_gui.window.texts import one_line
from pipeline_gui.window.translation import tr
from pipeline_gui.window.tray import Tray

if TYPE_CHECKING:  # what is not needed to show the first rows is loaded when it is first used
    from pipeline_gui.backend import Backend
    from pipeline_gui.settings import Settings
    from pipeline_gui.window.gateway import Gateway
    from pipeline_gui.window.run_panel.run_source import RunSource
    from pipeline_gui.window.session import Session
    from pipeline_gui.window.snapshot import Snapshot
    from pipeline_gui.window.starts import Starts
    from pipeline_gui.window.stops import Stops

_TICK_MILLISECONDS = 1000
_IDLE_TICK_MILLISECONDS = 2000
"""While no duration counts: whether a server went away is seen so much later at most."""
LOG_PAGE = 1
"""Of the run panel."""


class MainWindow(QMainWindow):
    """Start, stop and watch. Without a backend it shows what is waited for, until ``attach``."""

    closed = Signal()
    """For good, and not only hidden."""
    restart_wanted = Signal()
    """Other settings were saved: they hold when the program is started again."""

    def __init__(self, backend: Backend | None = None) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle(tr("Pipelines"))
        self.setWindowIcon(application_icon())
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._session: Session | None = None
        self.actions_ = Actions(self)
        self.box = ConfigurationBox()
        self.badge = Badge()
        self.opening = OpeningPage()
        self.page = RunsPage()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.opening)
        self._pages.addWidget(self.page)
        self.actions_.fill_menus(self)
        self.addToolBar(self.actions_.make_toolbar(self, self.box, self.badge))
        self.setCentralWidget(self._pages)
        QWidget.setTabOrder(self.box, self.page.filter)  # as it is read, and not as it was made
        self._pulse = QTimer(self)
        self._pulse.setInterval(_TICK_MILLISECONDS)
        self._pulse.setTimerType(Qt.TimerType.PreciseTimer)
        self._pulse.timeout.connect(self._tick)
        self.tray = Tray(self, self.actions_)
        self.closing = Closing(self)
        self._connect()
        self.resize(1000, 640)
        if backend is None:
            self.actions_.allow_nothing("The window is not connected yet.")
        else:
            self.attach(backend)

    def _connect(self) -> None:
        actions = self.actions_
        actions.start.triggered.connect(self._start)
        actions.refresh.triggered.connect(self._refresh)
        actions.find.triggered.connect(self.page.start_finding)
        actions.export.triggered.connect(self.page.export)
        actions.relative.toggled.connect(self.page.model.show_relative)
        actions.columns.aboutToShow.connect(lambda: self.page.table.fill_columns_menu(actions.columns))
        actions.details.toggled.connect(self.page.show_details)
        actions.log.triggered.connect(lambda: self.page.show_details(True, LOG_PAGE))
        self.page.details_shown.connect(actions.details.setChecked)
        self.page.table.run_selected.connect(self._allow)
        actions.open_file.triggered.connect(self._open_file)
        actions.close.triggered.connect(self.close)
        actions.about.triggered.connect(self._about)
        actions.shortcuts.triggered.connect(self._show_shortcuts)
        actions.quit.triggered.connect(self.close)
        self.tray.window_wanted.connect(self.raise_to_front)
        self.tray.quit_wanted.connect(self.leave)
        self.tray.lost.connect(self._come_back)
        self.box.chosen.connect(self._allow)
        self.box.file_wanted.connect(self._open_file)

    # --- the backend --------------------------------------------------------------------------------------------

    def attach(self, backend: Backend) -> None:
        """Show this backend's record from now on. The backend is closed by whoever opened it, after the window."""
        from pipeline_gui.window.session import Session
        from pipeline_gui.window.starts import Starts
        from pipeline_gui.window.stops import Stops

        self._session = session = Session(backend, self)
        session.refreshed.connect(self._show)
        session.said.connect(self.page.bottom.say)
        session.operations.said.connect(self._tell_if_hidden)
        session.ended.connect(self.tray.tell)
        session.pending_changed.connect(self._allow)
        self._show_system(backend.settings)
        self.actions_.settings.triggered.connect(lambda: self.show_settings(backend.settings, session.gateway))
        zone = backend.settings.old_rows_timezone
        self.page.attach(partial(_run_source, backend, session), session.gateway, backend.archive, zone)
        session.configurations_read.connect(self.box.show_saved)
        self._connect_starts(Starts(self, session, backend.configurations))
        self._connect_stops(Stops(self, session))
        self.actions_.schedules.triggered.connect(lambda: self._show_schedules(backend, session))
        self.actions_.metrics.triggered.connect(lambda: self._show_metrics(backend, session.gateway))
        self.actions_.alerts.triggered.connect(lambda: self._show_alerts(backend, session.gateway))
        self.actions_.let_look(True)
        if self._pages.currentWidget() is self.opening:
            self._pages.setCurrentWidget(self.page)
        self.page.table.setFocus()
        self._allow()

    def expect_rows(self) -> None:
        """Show where they will be."""
        self._pages.setCurrentWidget(self.page)

    def show_first(self, snapshot: Snapshot) -> None:
        """Show what a first look at the record found, at once; nothing can be pressed before ``attach``."""
        if self._session is None:
            self.page.show_snapshot(snapshot)
            self.tray.show_snapshot(snapshot, self.page.known)

    def show_opening(self) -> None:
        """Show how far the opening is, and what is wrong with it."""
        if self._session is None:
            self._pages.setCurrentWidget(self.opening)

    def show_settings(self, settings: Settings, gateway: Gateway, *, is_first: bool = False) -> None:
        """Let the person name the servers, in the place of what is shown; is_first: nothing is named yet."""
        from pipeline_gui.window.settings.page import SettingsPage

        before = self._pages.currentWidget()
        if isinstance(before, SettingsPage):
            return
        page = SettingsPage(settings, gateway, is_first=is_first)

        def leave() -> None:
            self._pages.setCurrentWidget(self.opening if self._session is None else self.page)
            self._pages.removeWidget(page)
            page.deleteLater()

        page.left.connect(leave)
        page.saved.connect(lambda: self.closing.if_nothing_is_lost(self.restart_wanted.emit, page.say_saved))
        self._pages.addWidget(page)
        self._pages.setCurrentWidget(page)

    def _show_schedules(self, backend: Backend, session: Session) -> None:
        from pipeline_gui.window.schedules.dialog import SchedulesDialog

        dialog = self.findChild(SchedulesDialog)
        if dialog is None:
            dialog = SchedulesDialog(session.gateway, backend.schedules, backend.configurations, self)
            session.schedules_changed.connect(dialog.read_again)
        bring_up(dialog)

    def _show_alerts(self, backend: Backend, gateway: Gateway) -> None:
        from pipeline_gui.window.alerts.dialog import AlertsDialog

        bring_up(self.findChild(AlertsDialog) or AlertsDialog(gateway, backend.alerts, backend.configurations, self))

    def _show_metrics(self, backend: Backend, gateway: Gateway) -> None:
        from pipeline_gui.window.metrics.dialog import MetricsDialog

        bring_up(self.findChild(MetricsDialog) or MetricsDialog(gateway, backend.metrics, self))

    def _connect_starts(self, starts: Starts) -> None:
        table, actions = self.page.table, self.actions_
        actions.again.triggered.connect(lambda: starts.again(table.selected_run))
        actions.changed.triggered.connect(lambda: starts.with_changes(self.box.choice))
        actions.configurations.triggered.connect(starts.show_dialog)
        table.again_wanted.connect(starts.again)
        table.changes_wanted.connect(starts.again_with_changes)
        table.save_wanted.connect(starts.save)

    def _connect_stops(self, stops: Stops) -> None:
        actions = self.actions_
        actions.stop.triggered.connect(stops.stop)
        actions.force.triggered.connect(stops.force)
        actions.abandon.triggered.connect(stops.abandon)
        actions.release.triggered.connect(stops.release)
        self.page.table.confirm_gone_wanted.connect(stops.confirm_gone)

    @property
    def session(self) -> Session | None:
        """What this window has of its backend."""
        return self._session

    def _show_system(self, settings: Settings) -> None:
        name = settings.name or ("this computer" if settings.is_embedded else None)
        self.setWindowTitle(tr("Pipelines · {0}").format(one_line(name, 60)) if name else tr("Pipelines"))
        self.badge.show_system(settings.name, settings.color, _addresses(settings))

    def _show(self, snapshot: Snapshot) -> None:
        self.page.show_snapshot(snapshot)
        self.tray.show_snapshot(snapshot, self.page.known)
        self._allow()
        pulse = _TICK_MILLISECONDS if snapshot.status["is_running"] else _IDLE_TICK_MILLISECONDS
        if pulse != self._pulse.interval():
            self._pulse.setInterval(pulse)
        self._tick()

    def _allow(self) -> None:
        """Turn actions on and off: by the record, and by what was pressed and is not decided yet."""
        if self._session is None:
            return
        choice = self.box.choice
        last = self._session.last
        allowed = permissions(
            last.status if last else None, self._session.operations.pending, choice.name if choice else None
        )
        self.actions_.allow(allowed)
        may_start = permissions(last.status if last else None, self._session.operations.pending, "a run")[Kind.START]
        self.actions_.again.setEnabled(may_start.enabled and self.page.table.selected_run is not None)

    def _tick(self) -> None:
        if self._session is not None:
            self._session.tick()
            self.page.tick(self._session.refresher.waiting_seconds, self._session.is_live)

    # --- actions ------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        choice = self.box.choice
        if self._session is not None and choice is not None:
            self._session.operations.start(choice.name, choice.load)

    @property
    def _may_run(self) -> bool:
        """Whether a pipeline runs, or ran when the record could be read last, and can't be read now."""
        if self._session is None or self._session.last is None:
            return False
        if self._session.last.status["is_running"] is None:
            known = self.page.known
            return known is not None and bool(known.status["is_running"])
        return self._session.running_run is not None

    def _tell_if_hidden(self, message: Message) -> None:
        """What was asked for in the tray's menu, and refused: the line below is not in sight then."""
        if message.tone in (Tone.BAD, Tone.WARNING) and (self.isMinimized() or not self.isVisible()):
            self.tray.tell(message)

    def _refresh(self) -> None:
        if self._session is not None:
            self._session.refresher.refresh()
            self.page.read_older_again()

    def _open_file(self) -> None:
        from pipeline_gui.window.file_dialogs import ask_for_configuration

        title = tr("Open a configuration")
        ask_for_configuration(self, "openDialog", title, lambda path: self.open_configuration(str(path)))

    def open_configuration(self, path: str) -> None:
        """Read a configuration file in the pool, and offer it for Start."""
        if self._session is None:
            return
        from pipeline_gui.configurations.files import read_configuration

        file = Path(path)

        def opened(configuration: dict[str, Any]) -> None:
            self.box.choose_file(file, configuration)
            self.page.bottom.say(Message(tr("Opened {0}. Start runs it.").format(one_line(str(file), 200))))

        def refused(error: Exception) -> None:
            self.page.bottom.say(failure_message(error))

        self._session.gateway.run(lambda: read_configuration(file), opened, refused, owner=self)

    def _about(self) -> None:
        from pipeline_gui.window.dialogs import show_about

        show_about(self)

    # --- the window itself --------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close; say first that what runs goes on, and ask before what was typed is lost."""
        if self.closing.asks and self._may_run:
            event.ignore()
            from pipeline_gui.window.dialogs import ask_to_close

            run = self._session.running_run if self._session is not None else None
            ask_to_close(self, run[1] if run else None, self.leave, self.hide if self.tray.take_place() else None)
            return
        if self.closing.has_unsaved:
            event.ignore()
            self.leave()
            return
        self.closing.close_dialogs()
        self._pulse.stop()
        self.tray.leave()
        if self._session is not None:
            self._session.close()
        super().closeEvent(event)
        self.closed.emit()

    def leave(self) -> None:
        """Close, and ask about nothing but what was typed."""
        self.closing.if_nothing_is_lost(self.close_now)

    def close_now(self) -> None:
        """Close without a question."""
        self.closing.ask_nothing()
        self.close()

    def raise_to_front(self) -> None:
        """Show the window to the person, wherever it is."""
        bring_up(self)

    def _come_back(self) -> None:
        """Nothing else shows a hidden window any more."""
        self.show()
        self.page.bottom.say(
            Message(tr("The icon beside the clock is gone, so the window is here again."), Tone.WARNING)
        )

    def _show_shortcuts(self) -> None:
        from pipeline_gui.window.shortcuts import show_shortcuts

        show_shortcuts(self, self.actions_.all)

    def showEvent(self, event: QShowEvent) -> None:
        """Count seconds while somebody can see them."""
        super().showEvent(event)
        self.tray.watch_over(is_hidden=False)
        self._pulse.start()
        self._tick()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody sees seconds now."""
        super().hideEvent(event)
        self.tray.watch_over(is_hidden=not event.spontaneous())  # else it is minimised, and can be found
        self._pulse.stop()

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "actions_"):
            self.actions_.set_palette(self.palette())
        if event.type() == QEvent.Type.WindowStateChange and hasattr(self, "_pulse"):
            if self.isMinimized():
                self._pulse.stop()  # nobody sees seconds now
            elif self.isVisible():
                self._pulse.start()
                self._tick()


def _run_source(backend: Backend, session: Session) -> RunSource:
    from pipeline_gui.window.run_panel.run_source import RunSource

    zone, history = backend.settings.old_rows_timezone, backend.settings.history_server_url
    return RunSource(
        session.gateway, backend.controller, backend.archive, backend.outputs, zone, history, backend.figures
    )


def _addresses(settings: Settings) -> str:
    from pipeline_gui.settings import shown_database, shown_spark

    if settings.is_embedded:
        return "PostgreSQL and Spark on this computer"
    lines = [f"Database: {shown_database(settings.database_url)}" if settings.database_url else ""]
    lines.append(f"Spark: {shown_spark(settings.spark_url)}" if settings.spark_url else "")
    return "\n".join(line for line in lines if line)
