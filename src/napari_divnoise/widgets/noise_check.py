"""The dock "Noise check": what kind of noise one layer has, at a click in a menu."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

from ..images import guess_axes
from ._lifetime import connect_while_alive
from ._looking import check_noise
from ._noise_card import NoiseCard
from ._parts import Card, Words, button, column, heading, row
from ._suitability import pixels_of, why_not
from ._theme import palette, show_palette
from ._work import run

if TYPE_CHECKING:
    from ..images import NoiseReport
    from ._errors import Problem
    from ._work import Work


class NoiseCheck(QWidget):
    """A card about the noise of one layer, checked in a thread.

    Signals
    -------
    denoiseClicked(object)
        The person wants to denoise this layer.
    """

    denoiseClicked = Signal(object)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer = viewer
        self._layer: weakref.ref[Any] | None = None
        self._work: Work | None = None
        self._name = heading("", "question")
        self._what = Words(tone="quiet")
        self.card = NoiseCard()
        self.denoise_button = button("Denoise...", "check.denoise", "primary")
        self.denoise_button.setVisible(False)
        self.denoise_button.clicked.connect(self._on_denoise_clicked)
        inside = QWidget()
        parts = column(
            self._name,
            self._what,
            Card(self.card),
            row(None, self.denoise_button),
            spacing=8,
        )
        parts.setContentsMargins(8, 8, 8, 8)
        parts.addStretch(1)
        inside.setLayout(parts)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self.setLayout(column(area))
        self.setMinimumHeight(200)
        self.setMinimumWidth(300)
        self._on_theme_changed()
        connect_while_alive([(viewer.events.theme, self._on_theme_changed)])

    @property
    def is_running(self) -> bool:
        """Whether a check is going on."""
        return self._work is not None

    def check(self, layer: Any) -> None:
        """Check the noise of `layer`, and forget an older check."""
        if self._work is not None:
            self._work.stop()
            self._work = None
        self._layer = weakref.ref(getattr(layer, "__wrapped__", layer))
        self._name.setText(layer.name)
        self.denoise_button.setVisible(False)
        self._what.say("")
        problem = why_not(layer)
        if problem:
            self.card.show_problem(problem)
            return
        try:
            pixels, choices, words = self._wanted(layer)
        except ValueError as error:  # more dimensions than there are letters
            self.card.show_problem(str(error))
            return
        self.card.wait()
        self._what.say(words, "quiet")
        work = run(
            f"checking the noise of {layer.name}",
            lambda: check_noise(pixels, **choices),
            owner=self,
        )
        self._work = work
        work.returned.connect(lambda report: self._on_checked(work, report))
        work.failed.connect(lambda problem: self._on_failed(work, problem))

    def _wanted(self, layer: Any) -> tuple[Any, dict[str, Any], str]:
        """Return the pixels, what their dimensions mean, and the same in words."""
        pixels = pixels_of(layer)
        axes = guess_axes(tuple(pixels.shape), layer.axis_labels or None)
        if "C" not in axes:
            return pixels, {"axes": axes}, ""
        place = axes.index("C")
        # The dimensions of a layer are the last ones of the viewer.
        steps = self.viewer.dims.current_step[-pixels.ndim :]
        channel = min(int(steps[place]), pixels.shape[place] - 1)
        words = f"Channel {channel}, the one that is shown: noise differs per channel."
        return pixels, {"axes": axes, "channel": channel}, words

    def _on_checked(self, work: Work, report: NoiseReport) -> None:
        if work is self._work:
            self._work = None
            self.card.show_report(report)
            self.denoise_button.setVisible(True)

    def _on_failed(self, work: Work, problem: Problem) -> None:
        if work is self._work:
            self._work = None
            self.card.show_problem(problem.what)

    def _on_denoise_clicked(self) -> None:
        layer = self._layer() if self._layer is not None else None
        if layer is not None and layer in self.viewer.layers:
            self.denoiseClicked.emit(layer)
        else:
            self.card.show_problem("The layer is no longer in the list.")
            self.denoise_button.setVisible(False)

    def _on_theme_changed(self, _event: Any = None) -> None:
        show_palette(self, palette(self.viewer.theme))
