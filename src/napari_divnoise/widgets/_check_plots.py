"""The small plots of the noise check: variance against signal, and neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QHelpEvent, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from ._plots import Plot
from ._theme import mixed, readable
from ._tooltips import tip

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qtpy.QtGui import QPaintEvent

    from ..images import NoiseReport
    from ._theme import Palette

HEIGHT = 150
FULL = 0.5
"""Correlation from which on a field has the whole colour."""
WRITTEN = 0.1
"""Correlation from which on a field says its number: what the verdict minds."""


class VariancePlot(Plot):
    """How noisy calm places of each brightness are, and the line through them."""

    def __init__(self) -> None:
        super().__init__("signal", "noise variance", HEIGHT)
        tip(self, "check.variance")
        self._line = self.plot()
        self._points = pg.ScatterPlotItem(size=5, pen=None)
        self.addItem(self._points)

    def show_report(self, report: NoiseReport) -> None:
        """Draw what was measured."""
        levels, variances = report.levels, report.variances
        self._points.setData(levels, variances)
        ends = np.array([levels[0], levels[-1]])
        slope, intercept = report.mean_variance
        self._line.setData(ends, np.maximum(slope * ends + intercept, 0.0))
        # Bright groups may hold structure: the line shall not be squeezed by them.
        top = max(float(np.percentile(variances, 90)), slope * ends[1] + intercept)
        self.setYRange(0, 1.15 * top, padding=0)
        self.setXRange(float(ends[0]), float(ends[1]), padding=0.04)

    def clear_report(self) -> None:
        """Show empty axes."""
        self._points.setData([], [])
        self._line.setData([], [])

    def restyle(self, colors: Palette) -> None:
        """Points in the colour of words, the line in that of the theme."""
        self._points.setBrush(pg.mkBrush(colors.text))
        self._line.setPen(pg.mkPen(colors.accent_text, width=2))


class NeighbourMap(QWidget):
    """How alike the noise of neighbouring pixels is: a field for each distance."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self._table: NDArray[np.float64] | None = None
        self._colors: Palette | None = None
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(132)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        tip(self, "check.neighbours")

    def sizeHint(self) -> QSize:
        """Ask for a square with its labels."""
        return QSize(HEIGHT, HEIGHT)

    def setValue(self, table: NDArray[np.float64] | None) -> None:
        """Show an autocorrelation of 7x7, or empty fields."""
        self._table = table
        self.update()

    def apply_palette(self, colors: Palette) -> None:
        """Draw in the theme's colours."""
        self._colors = colors
        self.update()

    def color_of(self, value: float) -> str:
        """Return the colour of a field: one for alike, another for opposite."""
        colors = self._shown_colors()
        ink = colors.accent_text if value >= 0 else colors.warning
        return mixed(ink, colors.field, min(abs(value) / FULL, 1.0))

    def _shown_colors(self) -> Palette:
        if self._colors is None:
            raise RuntimeError("a NeighbourMap is painted before it has a palette")
        return self._colors

    # ------------------------------------------------------------------ painting

    def _edge(self) -> float:
        """Return the edge of a field: the labels stand left of and below them."""
        return min((self.width() - 20) / 7, (self.height() - 34) / 7)

    def _corner(self) -> QPointF:
        return QPointF((self.width() - 7 * self._edge() + 16) / 2, 1)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw fields, numbers and labels."""
        if self._colors is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = painter.font()
        font.setPixelSize(9)
        painter.setFont(font)
        for row in range(7):
            for column in range(7):
                self._paint_field(painter, row, column)
        self._paint_labels(painter)

    def _field(self, row: int, column: int) -> QRectF:
        edge, corner = self._edge(), self._corner()
        return QRectF(
            corner.x() + column * edge, corner.y() + row * edge, edge - 1, edge - 1
        )

    def _paint_field(self, painter: QPainter, row: int, column: int) -> None:
        colors = self._shown_colors()
        value = 0.0 if self._table is None else float(self._table[row, column])
        is_middle = row == column == 3
        color = colors.line if is_middle else self.color_of(value)
        painter.fillRect(self._field(row, column), QColor(color))
        if not is_middle and abs(value) >= WRITTEN and self._edge() >= 12:
            painter.setPen(QPen(QColor(readable(colors.text, color))))
            hundredths = f"{100 * value:.0f}"
            place = self._field(row, column)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, hundredths)

    def _paint_labels(self, painter: QPainter) -> None:
        painter.setPen(QPen(QColor(self._shown_colors().quiet)))
        center = Qt.AlignmentFlag.AlignCenter
        for number in (0, 3, 6):
            below = self._field(6, number).translated(0, self._edge())
            left = self._field(number, 0)
            painter.drawText(below.adjusted(-6, -1, 6, 1), center, _signed(number - 3))
            beside = QRectF(left.left() - 19, left.top(), 17, left.height())
            painter.drawText(beside, center, _signed(number - 3))
        top = self._corner().y() + 8 * self._edge() + 2
        words = QRectF(0, top, self.width(), 15)
        painter.drawText(words, center, "neighbours alike, %")

    def event(self, event: QEvent | None) -> bool:
        """Say the number of the field under the mouse."""
        if isinstance(event, QHelpEvent) and self._table is not None:
            text = self.words_at(QPointF(event.pos()))
            if text:
                QToolTip.showText(event.globalPos(), text, self)
                return True
        return bool(super().event(event))

    def words_at(self, place: QPointF) -> str:
        """Return what the field at a place of the widget says, "" beside them."""
        offset = place - self._corner()
        column, row = int(offset.x() // self._edge()), int(offset.y() // self._edge())
        if self._table is None or not (0 <= row < 7 and 0 <= column < 7):
            return ""
        return (
            f"{column - 3:+d} columns, {row - 3:+d} rows away: correlation "
            f"{self._table[row, column]:.3f}"
        )


def _signed(number: int) -> str:
    return f"{number:+d}" if number else "0"
