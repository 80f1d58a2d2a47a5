"""A thin progress bar that is drawn with the next frame.

Qt's own paints at once whenever its value changes, in the middle of our slots; in a
window with an OpenGL canvas that is a whole frame, 20 ms where there is no graphics
card.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter
from qtpy.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from qtpy.QtGui import QPaintEvent

    from ._theme import Palette

HEIGHT = 6
N_DASHES = 12


class ThinBar(QWidget):
    """Shows a share, 0 to 1, or that nobody knows it."""

    def __init__(self) -> None:
        super().__init__()
        self._fraction: float | None = None
        self._colors: Palette | None = None
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def value(self) -> float | None:
        """Return the share, ``None`` if it is not known."""
        return self._fraction

    def setValue(self, fraction: float | None) -> None:
        """Show a share; ``None`` draws dashes."""
        if fraction != self._fraction:
            self._fraction = fraction
            self.update()

    def apply_palette(self, colors: Palette) -> None:
        """Draw in the theme's colours."""
        self._colors = colors
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the groove, and what is done of it."""
        if self._colors is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._colors.field))
        painter.drawRoundedRect(self.rect(), HEIGHT / 2, HEIGHT / 2)
        painter.setBrush(QColor(self._colors.accent_text))
        for start, length in self._done():
            part = QRectF(start * self.width(), 0, length * self.width(), HEIGHT)
            painter.drawRoundedRect(part, HEIGHT / 2, HEIGHT / 2)

    def _done(self) -> list[tuple[float, float]]:
        """Return start and length of what is filled, as shares of the width."""
        if self._fraction is not None:
            return [(0.0, min(max(self._fraction, 0.0), 1.0))]
        return [(n / N_DASHES, 0.5 / N_DASHES) for n in range(N_DASHES)]
