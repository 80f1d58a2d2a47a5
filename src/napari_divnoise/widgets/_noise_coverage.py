"""Which of the images' intensities a noise model can explain, and which not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from ._parts import Words, column
from ._tooltips import tip

if TYPE_CHECKING:
    from qtpy.QtGui import QPaintEvent

    from ._noise_pictures import Coverage
    from ._theme import Palette

Grade = Literal["good", "fair", "poor"]
SOME_OUTSIDE, MANY_OUTSIDE = 0.001, 0.05
# Factors on the variance: noticed, and too much.
OFF, FAR_OFF = 1.5, 2.5
WHOLE_NUMBERS = 20
HISTOGRAM_HEIGHT, RULER_HEIGHT = 34, 14


class CoverageBar(QWidget):
    """The images' intensities as a histogram, in red where the model extrapolates."""

    def __init__(self) -> None:
        super().__init__()
        self._words = Words(tone="quiet")
        self._bar = _Bar()
        self.setLayout(column(self._bar, self._words, spacing=2))
        tip(self._bar, "noise.coverage")
        self.setValue(None)

    def setValue(self, coverage: Coverage | None) -> None:
        """Show where images and model lie; ``None`` while nobody knows."""
        self._bar.coverage = coverage
        self._bar.update()
        self.setVisible(coverage is not None)
        if coverage is not None:
            self._words.say(sentence(coverage), tone(coverage))

    def text(self) -> str:
        """Return what is said below the bar."""
        return str(self._words.text())


def sentence(coverage: Coverage) -> str:
    """Say how much of the images a noise model was measured for, and what is not."""
    share = 100 * (1 - coverage.share_outside)
    digits = 4 if share > 99 else 2
    inside = f"{min(share, 99.99):.{digits}g} % of your pixels"
    if coverage.share_outside == 0:
        return "All your pixels lie in the model's range."
    if coverage.share_outside <= SOME_OUTSIDE:
        return f"{inside} lie in the model's range."
    centres = (coverage.edges[1:] + coverage.edges[:-1]) / 2
    low, high = coverage.known
    below = coverage.counts[centres < low].sum()
    above = coverage.counts[centres > high].sum()
    where = f"above {high:.3g}" if above >= below else f"below {low:.3g}"
    return f"Only {inside} lie in the model's range: {where} it extrapolates."


def tone(coverage: Coverage) -> str:
    """Return how bad it is: "quiet", "warning" or "bad"."""
    if coverage.share_outside <= SOME_OUTSIDE:
        return "quiet"
    return "bad" if coverage.share_outside > MANY_OUTSIDE else "warning"


def grade_of(coverage: Coverage) -> Grade:
    """Return how well a model, whose pairs nobody knows, goes with the images."""
    away = abs(np.log(coverage.noise_ratio or 1.0))
    if coverage.share_outside > MANY_OUTSIDE or away > np.log(FAR_OFF):
        return "poor"
    is_unsure = coverage.share_outside > SOME_OUTSIDE or away > np.log(OFF)
    return "fair" if is_unsure else "good"


def badge(coverage: Coverage) -> str:
    """Say that in words."""
    ratio = coverage.noise_ratio
    if coverage.share_outside > MANY_OUTSIDE:
        return "It was not measured for the intensities of your images."
    if ratio is not None and abs(np.log(ratio)) > np.log(OFF):
        more = f"{ratio:.2g} times the noise variance that your images show"
        return f"It states {more}: it is of another camera, or of another gain."
    if coverage.share_outside > SOME_OUTSIDE:
        return "It was not measured for all the intensities of your images."
    if ratio is None:
        return "It was measured for the intensities of your images."
    return "It states about the noise that your images show."


class _Bar(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.coverage: Coverage | None = None
        self._colors: Palette | None = None
        self.setFixedHeight(HISTOGRAM_HEIGHT + RULER_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def apply_palette(self, colors: Palette) -> None:
        self._colors = colors
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if self._colors is None or self.coverage is None:
            return
        painter = QPainter(self)
        low = min(float(self.coverage.edges[0]), self.coverage.known[0])
        high = max(float(self.coverage.edges[-1]), self.coverage.known[1])
        scale = self.width() / max(high - low, 1e-12)
        self._paint_known(painter, self._colors, low, scale)
        self._paint_counts(painter, self._colors, low, scale)
        painter.setPen(QPen(QColor(self._colors.quiet)))
        ruler = QRectF(0, HISTOGRAM_HEIGHT, self.width(), RULER_HEIGHT)
        painter.drawText(ruler, Qt.AlignmentFlag.AlignLeft, _number(low, high - low))
        painter.drawText(ruler, Qt.AlignmentFlag.AlignRight, _number(high, high - low))
        painter.drawText(ruler, Qt.AlignmentFlag.AlignHCenter, "your intensities")

    def _paint_known(
        self, painter: QPainter, colors: Palette, low: float, scale: float
    ) -> None:
        """Shade the model's range behind the histogram."""
        if self.coverage is None:
            return
        start, end = ((value - low) * scale for value in self.coverage.known)
        painter.fillRect(
            QRectF(start, 0, end - start, HISTOGRAM_HEIGHT), QColor(colors.field)
        )

    def _paint_counts(
        self, painter: QPainter, colors: Palette, low: float, scale: float
    ) -> None:
        if self.coverage is None:
            return
        edges, known = self.coverage.edges, self.coverage.known
        heights = np.log1p(self.coverage.counts)
        heights = heights / max(float(heights.max()), 1e-12) * (HISTOGRAM_HEIGHT - 2)
        for left, right, height in zip(edges[:-1], edges[1:], heights, strict=True):
            is_known = known[0] <= (left + right) / 2 <= known[1]
            color = QColor(colors.good if is_known else colors.bad)
            place = QRectF(
                (left - low) * scale,
                HISTOGRAM_HEIGHT - height,
                max((right - left) * scale, 1.0),
                height,
            )
            painter.fillRect(place, color)


def _number(value: float, span: float) -> str:
    """Return a number with as many digits as the ruler can tell apart."""
    return f"{value:.0f}" if span > WHOLE_NUMBERS else f"{value:.3g}"
