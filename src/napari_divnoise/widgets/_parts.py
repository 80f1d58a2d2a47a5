"""Small parts that the pages are built from: cards, folds, segments, words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import (
    QButtonGroup,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ._theme import Palette, icon, set_tone
from ._tooltips import tip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qtpy.QtGui import QPaintEvent
    from qtpy.QtWidgets import QLayout


class Words(QLabel):
    """A paragraph that wraps, has a tone, and hides itself when it is empty."""

    def __init__(self, text: str = "", tone: str = "") -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.say(text, tone)

    def say(self, text: str, tone: str = "") -> None:
        """Show `text` in `tone` ("", "quiet", "good", "warning", "bad")."""
        if text != self.text():
            self.setText(text)
        set_tone(self, tone)
        if self.isHidden() != (not text):
            self.setVisible(bool(text))


def heading(text: str, role: str = "heading") -> QLabel:
    """Return the title of a page (role "question") or of a part of it."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label


def column(*children: QWidget | QLayout, spacing: int = 6) -> QVBoxLayout:
    """Stack `children` with no margin."""
    layout = QVBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    _fill(layout, children)
    return layout


def row(*children: QWidget | QLayout | None, spacing: int = 6) -> QHBoxLayout:
    """Put `children` side by side; ``None`` is a stretch."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    _fill(layout, children)
    return layout


def _fill(
    layout: QVBoxLayout | QHBoxLayout, children: tuple[QWidget | QLayout | None, ...]
) -> None:
    for child in children:
        if child is None:
            layout.addStretch(1)
        elif isinstance(child, QWidget):
            layout.addWidget(child)
        else:
            layout.addLayout(child)


def form(rows: Mapping[str, QWidget]) -> QFormLayout:
    """Lay out labelled fields; the labels' column is as narrow as it can be."""
    layout = QFormLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(6)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
    for label, field in rows.items():
        layout.addRow(label, field)
    return layout


class Card(QFrame):
    """A box in the colour of a surface, with its parts below one another."""

    def __init__(self, *children: QWidget | QLayout) -> None:
        super().__init__()
        self.setProperty("role", "card")
        layout = column(*children)
        layout.setContentsMargins(8, 8, 8, 8)
        self.setLayout(layout)


class Segments(QWidget):
    """A few choices side by side, one of them on.

    Signals
    -------
    valueChanged(str)
        The key of the segment that a person, or `setValue`, has turned on.
    """

    valueChanged = Signal(str)

    def __init__(self, choices: Mapping[str, str], tooltips: str = "") -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        for key, text in choices.items():
            button = QPushButton(text)
            button.setCheckable(True)
            button.setProperty("role", "segment")
            if tooltips:
                tip(button, f"{tooltips}.{key}")
            self._group.addButton(button)
            self._buttons[key] = button
        self.setLayout(row(*self._buttons.values(), spacing=1))
        next(iter(self._buttons.values())).setChecked(True)
        self._group.buttonToggled.connect(self._on_button_toggled)

    def value(self) -> str:
        """Return the key of the segment that is on."""
        return next(key for key, b in self._buttons.items() if b.isChecked())

    def setValue(self, key: str) -> None:
        """Turn the segment `key` on."""
        self._buttons[key].setChecked(True)

    def setChoiceEnabled(self, key: str, enabled: bool) -> None:
        """Allow or forbid one choice."""
        self._buttons[key].setEnabled(enabled)

    def _on_button_toggled(self, _button: QPushButton, checked: bool) -> None:
        if checked:
            self.valueChanged.emit(self.value())


class Fold(QWidget):
    """Parts for experts, behind a title with a drawn (not typed) triangle."""

    def __init__(self, title: str, content: QWidget) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._head = _FoldHead(title)
        self._content = content
        content.setVisible(False)
        self.setLayout(column(self._head, content))
        self._head.toggled.connect(content.setVisible)

    def setOpen(self, is_open: bool) -> None:
        """Show or hide the content."""
        self._head.setChecked(is_open)


class _FoldHead(QToolButton):
    def __init__(self, title: str) -> None:
        super().__init__()
        self.setText(title)
        self.setCheckable(True)
        self._color = QColor("gray")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(24)

    def apply_palette(self, colors: Palette) -> None:
        self._color = QColor(colors.accent_text)
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._color)
        middle = self.height() / 2
        flat = ((2, -3), (12, -3), (7, 4))
        upright = ((4, -5), (4, 5), (11, 0))
        corners = flat if self.isChecked() else upright
        painter.drawPolygon(QPolygonF([QPointF(x, middle + y) for x, y in corners]))
        painter.setPen(QPen(self._color))
        words = QRectF(18, 0, self.width() - 18, self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self.text())


class IconButton(QToolButton):
    """A button that shows one of our drawings in the colour of the words."""

    def __init__(self, name: str, tooltip: str) -> None:
        super().__init__()
        self._name = name
        self._color = "#808080"
        self.setIconSize(QSize(16, 16))
        self.setIcon(icon(name, self._color))
        tip(self, tooltip)

    def show_icon(self, name: str) -> None:
        """Change the drawing."""
        if name != self._name:
            self._name = name
            self.setIcon(icon(name, self._color))

    def apply_palette(self, colors: Palette) -> None:
        """Draw in the theme's colour."""
        self._color = colors.text
        self.setIcon(icon(self._name, self._color))


def button(text: str, tooltip: str, role: str = "") -> QPushButton:
    """Return a push button with its words from the table of tooltips."""
    result = QPushButton(text)
    if role:
        result.setProperty("role", role)
    tip(result, tooltip)
    return result
