"""A window with an empty table, and no more than PySide6 needs for it; says when it was painted."""

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QTableView


class _Window(QMainWindow):
    def paintEvent(self, event):  # type: ignore[no-untyped-def]  # noqa: N802
        super().paintEvent(event)
        QTimer.singleShot(0, self._flushed)

    def _flushed(self) -> None:
        print(time.monotonic(), flush=True)
        QApplication.quit()


if __name__ == "__main__":
    application = QApplication(["bench"])
    window = _Window()
    window.setCentralWidget(QTableView())
    window.resize(1000, 640)
    window.show()
    application.exec()
