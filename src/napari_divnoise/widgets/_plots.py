"""Live plots in the theme's colours, which never take the wheel from the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QSizePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from qtpy.QtGui import QWheelEvent

    from ..training import Progress
    from ._theme import Palette

MOST_POINTS = 2000
"""A curve with more points is thinned to half: the eye sees no difference."""
SMOOTH_OVER = 0.04
QUANTITIES = {"loss": "Loss", "distortion": "Distortion", "rate": "Rate"}


class Plot(pg.PlotWidget):
    """A plot that shows and does not move: no menu, no dragging, no zoom."""

    def __init__(self, x_label: str, y_label: str, height: int = 150) -> None:
        super().__init__(background=None, axisItems={"bottom": _BottomAxis("bottom")})
        self.setStyleSheet("background: transparent; border: 0px;")
        self.setMenuEnabled(False)
        # pyqtgraph makes a menu all the same, without a parent: it would stay behind.
        # Given one, it must stay a window of its own, or it is shown with the plot.
        menu = self.getPlotItem().ctrlMenu
        menu.setParent(self, menu.windowFlags())
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._labels = {"bottom": x_label, "left": y_label}
        # Room for half a number above the highest tick, and beside the last.
        self.getPlotItem().layout.setContentsMargins(1, 6, 6, 1)
        self.getAxis("left").setWidth(46)
        self.getAxis("bottom").setHeight(36)
        self.colors: Palette | None = None

    def apply_palette(self, colors: Palette) -> None:
        """Draw axes and curves in the theme's colours."""
        self.colors = colors
        for side, text in self._labels.items():
            axis = self.getAxis(side)
            axis.setPen(pg.mkPen(colors.line))
            axis.setTextPen(pg.mkPen(colors.quiet))
            axis.setLabel(text, color=colors.quiet)
            axis.enableAutoSIPrefix(False)
        self.restyle(colors)

    def restyle(self, colors: Palette) -> None:
        """Give the curves their colours."""

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Leave the wheel to the page."""
        if event is not None:
            event.ignore()


class _BottomAxis(pg.AxisItem):
    """An axis whose label lies inside it: pyqtgraph's hangs out by some pixels."""

    def resizeEvent(self, event: Any = None) -> None:
        super().resizeEvent(event)
        if self.label is not None:
            self.label.setY(self.size().height() - self.label.boundingRect().height())


class LossPlot(Plot):
    """Loss, distortion or rate against the step: raw, smoothed, and validation."""

    def __init__(self) -> None:
        super().__init__("step", "nats per pixel", height=165)
        self._quantity = "loss"
        self._points, self._n_seen = _Points(), 0
        self._raw = self.plot()
        self._smooth = self.plot()
        self._validation = self.plot(symbol="o", symbolSize=5)
        self._readout = pg.TextItem(anchor=(1, 0))
        self._readout.setParentItem(self.getPlotItem().getViewBox())
        self.scene().sigMouseMoved.connect(self._on_mouse_moved)

    def setValue(self, history: Sequence[Progress]) -> None:
        """Show a whole history, as after opening the dock again."""
        self._points, self._n_seen = _Points(), 0
        self.add_new(history)

    def add_new(self, history: Sequence[Progress]) -> None:
        """Append what has come to `history` since the last time, and draw."""
        if len(history) < self._n_seen:
            self.setValue(history)
            return
        for progress in history[self._n_seen :]:
            self._points.add(progress)
        self._n_seen = len(history)
        self._draw()

    def show_quantity(self, quantity: str) -> None:
        """Show "loss", "distortion" or "rate"."""
        self._quantity = quantity
        self._draw()

    def n_points(self) -> int:
        """Return how many reports are shown."""
        return len(self._points)

    def restyle(self, colors: Palette) -> None:
        """Raw thin, smoothed strong, validation as dots."""
        faint = QColor(colors.accent_text)
        faint.setAlpha(90)
        self._raw.setPen(pg.mkPen(faint, width=1))
        self._smooth.setPen(pg.mkPen(colors.accent_text, width=2))
        self._validation.setPen(pg.mkPen(colors.warning, width=1))
        self._validation.setSymbolBrush(colors.warning)
        self._validation.setSymbolPen(None)
        self._readout.setColor(colors.quiet)

    def _draw(self) -> None:
        step, value = self._points.column(self._quantity)
        self._raw.setData(step, value)
        self._smooth.setData(step, smoothed(value))
        self._fit_height(value)
        step, value = self._points.validation()
        self._validation.setVisible(self._quantity == "loss")
        self._validation.setData(step, value)

    def _fit_height(self, values: npt.NDArray[Any]) -> None:
        """Leave the steep beginning out, so that the rest is more than a flat line."""
        settled = values[len(values) // 10 :]
        if len(settled):
            self.setYRange(settled.min(), settled.max(), padding=0.08)

    def _on_mouse_moved(self, position: Any) -> None:
        box = self.getPlotItem().getViewBox()
        step, value = self._points.column(self._quantity)
        if not len(step) or not box.sceneBoundingRect().contains(position):
            self._readout.setText("")
            return
        nearest = np.abs(step - box.mapSceneToView(position).x()).argmin()
        self._readout.setText(f"step {int(step[nearest])}: {value[nearest]:.3f}")
        self._readout.setPos(box.width() - 2, 2)


class _Points:
    """Columns of numbers that never grow beyond what a plot can show quickly."""

    _NAMES = ("step", "loss", "distortion", "rate", "validation_loss")

    def __init__(self) -> None:
        self._table = np.empty((0, len(self._NAMES)))
        self._stride, self._skipped = 1, 0

    def __len__(self) -> int:
        return len(self._table)

    def add(self, progress: Progress) -> None:
        self._skipped += 1
        if self._skipped < self._stride:
            return
        self._skipped = 0
        values = [getattr(progress, name) for name in self._NAMES]
        numbers = [np.nan if value is None else float(value) for value in values]
        self._table = np.vstack([self._table, numbers])
        if len(self._table) > MOST_POINTS:
            self._table, self._stride = self._table[::2], 2 * self._stride

    def column(self, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        values = self._table[:, self._NAMES.index(name)]
        good = np.isfinite(values)
        return self._table[good, 0], values[good]

    def validation(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Only where it changes: between validations the last one is repeated."""
        step, value = self.column("validation_loss")
        new = np.diff(value, prepend=np.nan) != 0
        return step[new], value[new]


def smoothed(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the running mean over a few percent of the curve, as long as it."""
    width = max(int(SMOOTH_OVER * len(values)), 1)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - width, 0)
    means: npt.NDArray[Any] = (sums[ends] - sums[starts]) / (ends - starts)
    return means
