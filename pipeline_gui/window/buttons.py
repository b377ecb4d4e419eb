"""Small buttons that stand in a line with other parts."""

from __future__ import annotations

from PySide6.QtWidgets import QToolButton


def flat_button(name: str, title: str, tip: str) -> QToolButton:
    """A button without a frame, with its object name, what it shows and what it says on hover."""
    button = QToolButton()
    button.setObjectName(name)
    button.setText(title)
    button.setToolTip(tip)
    button.setAutoRaise(True)
    return button
