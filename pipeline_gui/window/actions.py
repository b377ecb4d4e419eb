"""The actions of the window: their names, icons, shortcuts and places; what is on comes from the record."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeySequence, QPalette
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QMenu, QSizePolicy, QToolBar, QWidget

from pipeline_gui.window.enablement import Kind, Permission
from pipeline_gui.window.icons import text_icon, tone_icon
from pipeline_gui.window.looks import Tone
from pipeline_gui.window.texts import tooltip
from pipeline_gui.window.translation import tr


class Actions(QObject):
    """Every QAction of the window."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._all: list[QAction] = []
        self.start = self._make("startAction", tr("&Start"), "Ctrl+R")
        self.stop = self._make("stopAction", tr("S&top"), "Ctrl+.")
        self.refresh = self._make("refreshAction", tr("&Refresh"), "F5")
        self.force = self._make("forceAction", tr("Stop &now, without grace"), "Ctrl+Shift+.")
        self.abandon = self._make("abandonAction", tr("&Abandon…"))
        self.release = self._make("releaseAction", tr("Re&lease the place…"))
        self.open_file = self._make("openAction", tr("&Open a configuration…"), "Ctrl+O")
        self.details = self._make("detailsAction", tr("Run &details"), "F4")
        self.details.setCheckable(True)
        self.details.setToolTip(tr("Show what is known of the selected run, its log and its past (F4)"))
        self.find = self._make("findAction", tr("&Find…"), "Ctrl+F")
        self.find.setToolTip(tr("Find among the runs, or in the log where one is in it (Ctrl+F)"))
        self.log = self._make("logAction", tr("Show the &log"), "Ctrl+L")
        self.again = self._make("againAction", tr("Run &again as it was"))
        self.changed = self._make("changedAction", tr("Start with &changes…"), "Ctrl+Shift+R")
        self.configurations = self._make("configurationsAction", tr("&Configurations…"), "Ctrl+E")
        self.schedules = self._make("schedulesAction", tr("Sc&hedules…"), "Ctrl+T")
        self.metrics = self._make("metricsAction", tr("&Metrics…"), "Ctrl+M")
        self.metrics.setToolTip(tr("What the runs of each pipeline come to: success, durations, trend (Ctrl+M)"))
        self.alerts = self._make("alertsAction", tr("Alert&s…"), "Ctrl+Shift+A")
        self.alerts.setToolTip(tr("Of what somebody is told, by mail or chat, while no window is open (Ctrl+Shift+A)"))
        self.export = self._make("exportAction", tr("E&xport the runs…"), "Ctrl+S")
        self.export.setToolTip(tr("Write the runs that are shown to a CSV file (Ctrl+S)"))
        self.relative = self._make("relativeAction", tr("&Relative times"))
        self.relative.setCheckable(True)
        self.relative.setToolTip(tr("Say how long ago a run started, and not when"))
        self.columns = QMenu(tr("&Columns"), window)
        self.again.setToolTip(tr("Start the selected run's configuration again, as it was started"))
        self.changed.setToolTip(tr("Start what is chosen beside Start with changes for one run"))
        self.close = self._make("closeAction", tr("&Close"), "Ctrl+W")
        self.quit = self._make("quitAction", tr("&Quit"), "Ctrl+Q")
        self.settings = self._make("settingsAction", tr("&Settings…"), "Ctrl+,")
        self.settings.setToolTip(tr("Which servers this window uses, and what this system is called (Ctrl+,)"))
        self.shortcuts = self._make("shortcutsAction", tr("&Shortcuts"), "F1")
        self.about = self._make("aboutAction", tr("&About"))
        self._by_kind = {
            Kind.START: self.start,
            Kind.STOP: self.stop,
            Kind.FORCE: self.force,
            Kind.ABANDON: self.abandon,
            Kind.RELEASE: self.release,
        }
        self._sentences: dict[Kind, str] = {}
        self.refresh.setToolTip(tr("Read the record now (F5)"))
        self.set_palette(window.palette())

    def _make(self, name: str, title: str, keys: str = "") -> QAction:
        action = QAction(title, self.parent())
        action.setObjectName(name)
        if keys:
            action.setShortcut(QKeySequence(keys))
        self._all.append(action)
        return action

    @property
    def all(self) -> list[QAction]:
        """Every action, as they were made."""
        return list(self._all)

    def allow(self, permissions: Mapping[Kind, Permission]) -> None:
        """Turn actions on and off, each with its reason on hover."""
        self.changed.setEnabled(permissions[Kind.START].enabled)
        for kind, action in self._by_kind.items():
            permission = permissions[kind]
            action.setEnabled(permission.enabled)
            if self._sentences.get(kind) != permission.sentence:
                self._sentences[kind] = permission.sentence
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                action.setToolTip(tooltip(f"{permission.sentence} ({keys})" if keys else permission.sentence))
                action.setStatusTip(permission.sentence)

    def allow_nothing(self, why: str) -> None:
        """Turn everything that needs the servers off."""
        self.allow(dict.fromkeys(Kind, Permission(False, why)))
        self.let_look(False)

    def let_look(self, allowed: bool) -> None:
        """Turn what only reads on, once there is something to read from."""
        for action in (
            self.refresh,
            self.export,
            self.find,
            self.details,
            self.log,
            self.configurations,
            self.schedules,
            self.metrics,
            self.alerts,
        ):
            action.setEnabled(allowed)

    def set_palette(self, palette: QPalette) -> None:
        """Follow a change of theme."""
        self.start.setIcon(tone_icon("start", Tone.GOOD, palette))
        self.stop.setIcon(tone_icon("stop", Tone.BAD, palette))
        for action, name in (
            (self.refresh, "refresh"),
            (self.force, "force"),
            (self.abandon, "abandon"),
            (self.release, "release"),
            (self.open_file, "open"),
            (self.about, "info"),
        ):
            action.setIcon(text_icon(name, palette))

    # --- places -------------------------------------------------------------------------------------------------

    def fill_menus(self, window: QMainWindow) -> None:
        """The menu bar."""
        file = _menu(window, tr("&File"))
        file.addActions([self.configurations, self.schedules, self.alerts, self.open_file, self.export])
        file.addSeparator()
        file.addAction(self.settings)
        file.addSeparator()
        file.addActions([self.close, self.quit])
        run = _menu(window, tr("&Run"))
        run.addActions([self.start, self.changed, self.again, self.stop])
        run.addSeparator()
        run.addActions([self.force, self.abandon, self.release])
        view = _menu(window, tr("&View"))
        view.addAction(self.refresh)
        view.addSeparator()
        view.addActions([self.find, self.details, self.log, self.metrics])
        view.addSeparator()
        view.addAction(self.relative)
        view.addMenu(self.columns)
        help_ = _menu(window, tr("&Help"))
        help_.addActions([self.shortcuts, self.about])

    def make_toolbar(self, window: QMainWindow, chooser: QWidget, badge: QWidget) -> QToolBar:
        """Start, what it starts, Stop; at the right the system's name and Refresh."""
        bar = QToolBar(tr("Actions"), window)
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.setIconSize(QSize(20, 20))
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.toggleViewAction().setVisible(False)
        if (layout := bar.layout()) is not None:
            layout.setContentsMargins(8, 5, 8, 5)
            layout.setSpacing(6)
        bar.addAction(self.start)
        bar.addWidget(chooser)
        bar.addAction(self.stop)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(space)
        holder = QWidget()  # a toolbar shows what it holds, whatever that wants
        held = QHBoxLayout(holder)
        held.setContentsMargins(0, 0, 6, 0)
        held.addWidget(badge)
        bar.addWidget(holder)
        bar.addAction(self.refresh)
        return bar


def _menu(window: QMainWindow, title: str) -> QMenu:
    menu = QMenu(title, window)
    menu.setToolTipsVisible(True)  # the reason why something is off is said there too
    window.menuBar().addMenu(menu)
    return menu
