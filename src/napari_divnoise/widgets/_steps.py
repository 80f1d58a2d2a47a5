"""The row of steps on top of the dock: where one is, what is done, what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qtpy.QtCore import QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from ._parts import row
from ._tooltips import tip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qtpy.QtGui import QPaintEvent

    from ._theme import Palette

Mark = Literal["", "done", "busy"]
RADIUS = 10.0


class StepBar(QWidget):
    """Numbered steps with a line between them; every one can be clicked.

    Signals
    -------
    stepClicked(int)
        Its number, from 0.
    """

    stepClicked = Signal(int)

    def __init__(self, steps: Mapping[str, str]) -> None:
        super().__init__()
        self._steps = [
            _Step(number, words, key)
            for number, (key, words) in enumerate(steps.items())
        ]
        self._steps[0].is_first = True
        self._steps[-1].is_last = True
        self.setLayout(row(*self._steps, spacing=0))
        for step in self._steps:
            step.clicked.connect(self._on_step_clicked)

    def set_current(self, number: int) -> None:
        """Show which step one is at."""
        for step in self._steps:
            step.setChecked(step.number == number)

    def set_mark(self, number: int, mark: Mark) -> None:
        """Mark a step as done, as busy, or as neither."""
        if self._steps[number].mark != mark:
            self._steps[number].mark = mark
            self._steps[number].update()

    def mark(self, number: int) -> Mark:
        """Return the mark of a step."""
        return self._steps[number].mark

    def _on_step_clicked(self) -> None:
        step = self.sender()
        if isinstance(step, _Step):
            self.stepClicked.emit(step.number)


class _Step(QAbstractButton):
    """A circle with a number or a tick, a word below, and half a line to each side."""

    def __init__(self, number: int, words: str, key: str) -> None:
        super().__init__()
        self.number = number
        self.mark: Mark = ""
        self.is_first = self.is_last = False
        self._colors: Palette | None = None
        self.setText(words)
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        tip(self, f"page.{key}")

    def sizeHint(self) -> QSize:
        words = self.fontMetrics().horizontalAdvance(self.text())
        height = 2 * RADIUS + self.fontMetrics().height() + 8
        return QSize(max(words + 8, 48), int(height))

    def apply_palette(self, colors: Palette) -> None:
        self._colors = colors
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if self._colors is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QPointF(self.width() / 2, RADIUS + 2)
        self._paint_line(painter, centre, self._colors)
        self._paint_circle(painter, centre, self._colors)
        self._paint_words(painter, self._colors)

    def _paint_line(self, painter: QPainter, at: QPointF, colors: Palette) -> None:
        painter.setPen(QPen(QColor(colors.line), 1.5))
        gap = RADIUS + 4
        if not self.is_first:
            painter.drawLine(QPointF(0, at.y()), QPointF(at.x() - gap, at.y()))
        if not self.is_last:
            painter.drawLine(
                QPointF(at.x() + gap, at.y()), QPointF(self.width(), at.y())
            )

    def _paint_circle(self, painter: QPainter, at: QPointF, colors: Palette) -> None:
        is_here, is_done = self.isChecked(), self.mark == "done"
        ring = colors.warning if self.mark == "busy" else colors.line
        ring = colors.accent_text if is_here else colors.good if is_done else ring
        painter.setPen(QPen(QColor(ring), 2 if is_here or self.mark else 1.5))
        painter.setBrush(QColor(colors.accent if is_here else colors.background))
        painter.drawEllipse(at, RADIUS, RADIUS)
        ink = QColor(colors.on_accent if is_here else ring if is_done else colors.text)
        painter.setPen(QPen(ink, 2))
        if is_done:
            tick = ((-4.2, 0.4), (-1.2, 3.4), (4.4, -3.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolyline(QPolygonF([at + QPointF(x, y) for x, y in tick]))
            return
        box = QRectF(at.x() - RADIUS, at.y() - RADIUS, 2 * RADIUS, 2 * RADIUS)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(self.number + 1))

    def _paint_words(self, painter: QPainter, colors: Palette) -> None:
        font = self.font()
        font.setBold(self.isChecked())
        painter.setFont(font)
        hovered = self.underMouse() or self.isChecked() or self.hasFocus()
        painter.setPen(QColor(colors.text if hovered else colors.quiet))
        top = 2 * RADIUS + 5
        words = QRectF(0, top, self.width(), self.height() - top)
        painter.drawText(words, Qt.AlignmentFlag.AlignHCenter, self.text())
