"""Live plots in the theme's colours, which never take the wheel from the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt, Signal
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
        super().__init__(background=None)
        self.setStyleSheet("background: transparent; border: 0px;")
        self.setMenuEnabled(False)
        # pyqtgraph makes a menu all the same, without a parent: it would stay behind.
        self.getPlotItem().ctrlMenu.setParent(self)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._labels = {"bottom": x_label, "left": y_label}
        self.getAxis("left").setWidth(46)
        self.getAxis("bottom").setHeight(42)
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


class PairsPlot(Plot):
    """How often each pair of signal and observation occurs, and the model over it.

    Signals
    -------
    signalMoved(float)
        The person drags the line to another signal, in camera units.
    """

    signalMoved = Signal(float)

    def __init__(self) -> None:
        super().__init__("signal", "observed - signal", height=180)
        self._image = pg.ImageItem()
        self.addItem(self._image)
        self._mean, self._low, self._high = self.plot(), self.plot(), self.plot()
        self._line = pg.InfiniteLine(angle=90, movable=True)
        self.addItem(self._line)
        self._line.sigPositionChanged.connect(self._on_line_moved)

    def show_pairs(
        self,
        counts: npt.NDArray[Any],
        signal_range: tuple[float, float],
        residual_range: tuple[float, float],
    ) -> None:
        """Show counts of shape ``(n_signal, n_residual)``, stronger for more."""
        self._image.setImage(np.sqrt(counts), autoLevels=True)
        (left, right), (bottom, top) = signal_range, residual_range
        self._image.setRect(left, bottom, right - left, top - bottom)
        self._show_axes(signal_range, residual_range)
        self._image.setVisible(True)

    def show_range(
        self, signal_range: tuple[float, float], residual_range: tuple[float, float]
    ) -> None:
        """Show the axes only: the model came without pairs."""
        self._image.setVisible(False)
        self._show_axes(signal_range, residual_range)

    def signal(self) -> float:
        """Return where the line is, in camera units."""
        return float(self._line.value())

    def _show_axes(
        self, signal_range: tuple[float, float], residual_range: tuple[float, float]
    ) -> None:
        self.setXRange(*signal_range, padding=0.02)
        self.setYRange(*residual_range, padding=0.0)
        self._line.setBounds(signal_range)
        self._line.setValue(sum(signal_range) / 2)

    def show_model(
        self, signal: npt.NDArray[Any], mean: npt.NDArray[Any], std: npt.NDArray[Any]
    ) -> None:
        """Draw mean and mean +- 2 std of the observation, minus the signal."""
        offset = mean - signal
        self._mean.setData(signal, offset)
        self._low.setData(signal, offset - 2 * std)
        self._high.setData(signal, offset + 2 * std)

    def restyle(self, colors: Palette) -> None:
        """From the background to the words, so that it suits both themes."""
        stops = [QColor(c).getRgb()[:3] for c in (colors.background, colors.text)]
        self._image.setColorMap(pg.ColorMap([0.0, 1.0], stops))
        self._mean.setPen(pg.mkPen(colors.warning, width=2))
        for curve in (self._low, self._high):
            curve.setPen(pg.mkPen(colors.warning, width=1, style=Qt.PenStyle.DashLine))
        self._line.setPen(pg.mkPen(colors.accent_text, width=2))
        self._line.setHoverPen(pg.mkPen(colors.text, width=3))

    def _on_line_moved(self) -> None:
        self.signalMoved.emit(float(self._line.value()))


class DensityPlot(Plot):
    """p(observation | signal) at one signal: what was measured, and the model."""

    def __init__(self) -> None:
        super().__init__("observed", "density", height=150)
        self._bars = self.plot(stepMode="center", fillLevel=0)
        self._model = self.plot()

    def setValue(
        self,
        edges: npt.NDArray[Any],
        density: npt.NDArray[Any],
        observation: npt.NDArray[Any],
        model: npt.NDArray[Any],
    ) -> None:
        """Show measured densities between `edges`, and the model's at `observation`."""
        self._bars.setData(edges, density)
        self._model.setData(observation, model)

    def restyle(self, colors: Palette) -> None:
        """Bars in the colour of a field, the model in that of the other plot."""
        self._bars.setPen(pg.mkPen(colors.line))
        self._bars.setBrush(pg.mkBrush(colors.field))
        self._model.setPen(pg.mkPen(colors.warning, width=2))
