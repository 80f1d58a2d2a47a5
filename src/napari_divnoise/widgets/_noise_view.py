"""What a noise model looks like: three plots, a bar and a badge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QRectF
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QSizePolicy, QWidget

from ._noise_fit import density_at
from ._parts import Words, column
from ._plots import DensityPlot, PairsPlot
from ._tooltips import tip

if TYPE_CHECKING:
    from qtpy.QtGui import QPaintEvent

    from ._noise_fit import Fitted
    from ._theme import Palette

STDS_SHOWN = 4.0
CURVE_POINTS = 160
TONES = {"good": "good", "fair": "warning", "poor": "bad"}
MANY_OUTSIDE = 0.01


class NoiseView(QWidget):
    """Shows a noise model beside the pairs that it was fitted to, if there are any."""

    def __init__(self) -> None:
        super().__init__()
        self._fitted: Fitted | None = None
        self.badge = Words()
        self._about = Words(tone="quiet")
        self.pairs = PairsPlot()
        self.density = DensityPlot()
        self._at = Words(tone="quiet")
        self.coverage = CoverageBar()
        self.setLayout(
            column(
                self.badge,
                self._about,
                self.pairs,
                self._at,
                self.density,
                self.coverage,
            )
        )
        tip(self.pairs, "noise.pairs_plot")
        tip(self.density, "noise.density_plot")
        self.pairs.signalMoved.connect(self._show_density)
        self.clear()

    def clear(self) -> None:
        """Show nothing."""
        self._fitted = None
        self.hide()

    def setValue(self, fitted: Fitted) -> None:
        """Show a fit, finished or not."""
        is_new = self._fitted is None or fitted.pairs is not self._fitted.pairs
        self._fitted = fitted
        self._about.say(fitted.noise_model.describe(), "quiet")
        if fitted.report is not None:
            self.badge.say(f"{fitted.report.sentence}.", TONES[fitted.report.grade])
        elif fitted.nll is not None:
            self.badge.say(f"Fitting: {fitted.nll:.4f} nats per pixel.", "quiet")
        else:
            self.badge.say("")
        if is_new:
            self._show_pairs(fitted)
        curve = fitted.curve
        self.pairs.show_model(curve.signal, curve.mean, curve.std)
        self._show_density(self.pairs.signal())
        self.show()

    def show_share_outside(self, share: float) -> None:
        """Show how much of the images no signal of the model's range explains."""
        self.coverage.setValue(share)

    def _show_pairs(self, fitted: Fitted) -> None:
        self.coverage.setValue(None)
        if fitted.picture is not None:
            picture = fitted.picture
            self.pairs.show_pairs(
                picture.counts, picture.signal_range, picture.residual_range
            )
        else:
            low, high = fitted.noise_model.signal_range
            top = STDS_SHOWN * float(fitted.curve.std.max())
            self.pairs.show_range((low, high), (-top, top))

    def _show_density(self, signal: float) -> None:
        if self._fitted is None:
            return
        self._at.say(f"At a signal of {signal:.5g} (drag the line):", "quiet")
        model = self._fitted.noise_model
        at = np.float32(signal)
        std = float(np.sqrt(model.variance(np.array([at]))[0]))
        observation = np.linspace(
            signal - STDS_SHOWN * std, signal + STDS_SHOWN * std, CURVE_POINTS
        ).astype(np.float32)
        curve = np.exp(model.log_prob(observation=observation, signal=at.reshape(1)))
        if self._fitted.pairs is not None:
            edges, density = density_at(self._fitted.pairs, signal)
        else:
            edges, density = observation[[0, -1]], np.zeros(1)
        self.density.setValue(edges, density, observation, curve)


class CoverageBar(QWidget):
    """How much of the images lies in the range that the noise model knows."""

    def __init__(self) -> None:
        super().__init__()
        self._share: float | None = None
        self._words = Words(tone="quiet")
        self._bar = _Bar()
        self.setLayout(column(self._bar, self._words, spacing=2))
        tip(self._bar, "noise.coverage")
        self.setValue(None)

    def setValue(self, share_outside: float | None) -> None:
        """Show a share, 0 to 1; ``None`` while nobody knows."""
        self._bar.share = share_outside or 0.0
        self._bar.update()
        self.setVisible(share_outside is not None)
        if share_outside is None:
            return
        inside = f"{100 * (1 - share_outside):.1f} % of your pixels"
        if share_outside > MANY_OUTSIDE:
            self._words.say(
                f"{inside} are in the range that was measured; beyond it the model "
                "extrapolates.",
                "warning",
            )
        else:
            self._words.say(f"{inside} are in the range that was measured.", "quiet")


class _Bar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.share = 0.0
        self._colors: Palette | None = None
        self.setFixedHeight(10)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def apply_palette(self, colors: Palette) -> None:
        self._colors = colors
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if self._colors is None:
            return
        painter = QPainter(self)
        inside = self.width() * (1 - self.share)
        painter.fillRect(QRectF(0, 0, inside, 10), QColor(self._colors.good))
        outside = QRectF(inside, 0, self.width() - inside, 10)
        painter.fillRect(outside, QColor(self._colors.bad))
