"""The plots of the Noise page: how a fit goes, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QRectF, Qt, Signal
from qtpy.QtGui import QColor

from ._plots import Plot, smoothed

if TYPE_CHECKING:
    import numpy.typing as npt

    from ._noise_pictures import Curve, Picture
    from ._theme import Palette

    Array = npt.NDArray[Any]

FAINT = 70
"""Opacity of what lies over the counts, 0 to 255."""


class FitPlot(Plot):
    """How the first denoising (left axis) and the noise model (right) improve."""

    def __init__(self) -> None:
        super().__init__("% of the work", "loss", height=110)
        self._losses, self._trend = self.plot(), self.plot()
        item = self.getPlotItem()
        self._right = pg.ViewBox(enableMenu=False)
        self._right.setMouseEnabled(x=False, y=False)
        item.scene().addItem(self._right)
        item.showAxis("right")
        item.getAxis("right").linkToView(self._right)
        item.getAxis("right").setWidth(68)
        self._right.setXLink(item.getViewBox())
        self._nlls = pg.PlotDataItem(symbol="o", symbolSize=5)
        self._right.addItem(self._nlls)
        self._labels["right"] = "nats / pixel"
        item.getViewBox().sigResized.connect(self._fit_right)
        self.setXRange(0, 100, padding=0.02)

    def setValue(self, losses: Array, nlls: Array) -> None:
        """Show both curves, of shape ``(M, 2)``; either may be empty."""
        self._losses.setData(losses[:, 0], losses[:, 1])
        self._trend.setData(losses[:, 0], smoothed(losses[:, 1]))
        self._nlls.setData(nlls[:, 0], nlls[:, 1])
        for box, values in (
            (self.getPlotItem().getViewBox(), losses[len(losses) // 10 :, 1]),
            (self._right, nlls[len(nlls) // 10 :, 1]),
        ):
            if len(values):
                low, high = np.percentile(values, [0, 98])
                box.setYRange(low, max(high, low + 1e-3), padding=0.12)
        for side, values in (("left", losses), ("right", nlls)):
            axis = self.getAxis(side)
            axis.setStyle(showValues=bool(len(values)))
            axis.showLabel(bool(len(values)))

    def restyle(self, colors: Palette) -> None:
        """Draw the denoising as a training, the model in its colour of all plots."""
        faint = QColor(colors.accent_text)
        faint.setAlpha(FAINT)
        self._losses.setPen(pg.mkPen(faint, width=1))
        self._trend.setPen(pg.mkPen(colors.accent_text, width=2))
        self._nlls.setPen(pg.mkPen(colors.warning, width=1))
        self._nlls.setSymbolBrush(colors.warning)
        self._nlls.setSymbolPen(None)

    def _fit_right(self) -> None:
        """Lay the right axis's curve over the plot: pyqtgraph does not."""
        self._right.setGeometry(self.getPlotItem().getViewBox().sceneBoundingRect())


class PairsPlot(Plot):
    """How often each pair of signal and observation occurs, and the model over it.

    Signals
    -------
    signalMoved(float)
        The person drags the line to another signal, in camera units.
    """

    signalMoved = Signal(float)

    def __init__(self) -> None:
        super().__init__("signal", "observed", height=168)
        self._picture: Picture | None = None
        self._curve: Curve | None = None
        self._range: tuple[float, float] | None = None
        self._shows_noise = False
        self._image = pg.ImageItem()
        # Below the band: pyqtgraph puts that below the curves.
        self._image.setZValue(-100)
        self.addItem(self._image)
        self._mean, self._low, self._high = self.plot(), self.plot(), self.plot()
        self._band = pg.FillBetweenItem(self._low, self._high)
        self.addItem(self._band)
        self._line = pg.InfiniteLine(angle=90, movable=True)
        self.addItem(self._line)
        self._line.sigPositionChanged.connect(self._on_line_moved)

    def setValue(self, picture: Picture | None, curve: Curve) -> None:
        """Show pairs, if there are any, and a model over them."""
        is_new, self._picture = picture is not self._picture, picture
        self._curve = curve
        if is_new or picture is None:
            self._show_counts()
        self._show_model()
        self._show_line()

    def show_noise(self, on: bool) -> None:
        """Show what was added to the signal, instead of what was observed."""
        self._shows_noise = on
        self._labels["left"] = "noise" if on else "observed"
        if self.colors is not None:
            self.apply_palette(self.colors)
        if self._curve is not None:
            self._show_counts()
            self._show_model()

    def signal(self) -> float:
        """Return where the line is, in camera units."""
        return float(self._line.value())

    def _show_counts(self) -> None:
        picture, curve = self._picture, self._curve
        self._image.setVisible(picture is not None)
        if picture is not None:
            shown = picture.noise if self._shows_noise else picture.observed
            ends = picture.noise_range if self._shows_noise else picture.observed_range
            (left, right), (bottom, top) = picture.signal_range, ends
            self._image.setImage(shown, levels=(0.0, 1.0))
            self._image.setRect(QRectF(left, bottom, right - left, top - bottom))
        elif curve is not None:
            left, right = float(curve.signal[0]), float(curve.signal[-1])
            spread = 4 * curve.std
            middle = curve.mean - curve.signal if self._shows_noise else curve.mean
            bottom = float((middle - spread).min())
            top = float((middle + spread).max())
        else:
            return
        self.setXRange(left, right, padding=0.02)
        self.setYRange(bottom, top, padding=0.0)

    def _show_model(self) -> None:
        curve = self._curve
        if curve is None:
            return
        mean = curve.mean - curve.signal if self._shows_noise else curve.mean
        self._mean.setData(curve.signal, mean)
        self._low.setData(curve.signal, mean - 2 * curve.std)
        self._high.setData(curve.signal, mean + 2 * curve.std)

    def _show_line(self) -> None:
        """Keep the line where it was put; with another range, begin anew."""
        if self._curve is None:
            return
        low, high = float(self._curve.signal[0]), float(self._curve.signal[-1])
        was, self._range = self._range, (low, high)
        is_inside = low <= self.signal() <= high
        self._line.setBounds((low, high))
        if was is None or not is_inside:
            picture = self._picture
            self._line.setValue(
                (low + high) / 2 if picture is None else picture.typical
            )

    def forget(self) -> None:
        """Put the line anew at the next model."""
        self._picture, self._range = None, None

    def restyle(self, colors: Palette) -> None:
        """From the background to the words, so that it suits both themes."""
        stops = [QColor(c).getRgb()[:3] for c in (colors.background, colors.text)]
        self._image.setColorMap(pg.ColorMap([0.0, 1.0], stops))
        self._mean.setPen(pg.mkPen(colors.warning, width=2))
        for curve in (self._low, self._high):
            curve.setPen(pg.mkPen(colors.warning, width=1, style=Qt.PenStyle.DashLine))
        faint = QColor(colors.warning)
        faint.setAlpha(FAINT // 2)
        self._band.setBrush(pg.mkBrush(faint))
        self._line.setPen(pg.mkPen(colors.accent_text, width=2))
        self._line.setHoverPen(pg.mkPen(colors.text, width=3))

    def _on_line_moved(self) -> None:
        self.signalMoved.emit(float(self._line.value()))


class DensityPlot(Plot):
    """p(observation | signal) at one signal: what was measured, and the model."""

    def __init__(self) -> None:
        super().__init__("observed", "density", height=128)
        # How high it is says little to a person; where it is, everything.
        self.getAxis("left").setStyle(showValues=False)
        self._bars = self.plot(stepMode="center", fillLevel=0)
        self._model = self.plot()

    def setValue(
        self, edges: Array, density: Array, observation: Array, model: Array
    ) -> None:
        """Show measured densities between `edges`, and the model's at `observation`."""
        self._bars.setData(edges, density)
        self._model.setData(observation, model)

    def say(self, text: str) -> None:
        """Write what is shown below the plot."""
        self._labels["bottom"] = text
        style = {} if self.colors is None else {"color": self.colors.quiet}
        self.getAxis("bottom").setLabel(text, **style)

    def restyle(self, colors: Palette) -> None:
        """Bars in the colour of a field, the model in that of the other plot."""
        self._bars.setPen(pg.mkPen(colors.line))
        self._bars.setBrush(pg.mkBrush(colors.field))
        self._model.setPen(pg.mkPen(colors.warning, width=2))
