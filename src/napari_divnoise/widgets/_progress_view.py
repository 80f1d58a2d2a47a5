"""How the training goes: a curve, numbers, and a sentence about its health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._health import health
from ._parts import Card, Segments, Words, button, row
from ._plots import QUANTITIES, LossPlot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..session import Training
    from ..training import Progress


class ProgressView(Card):
    """Shows a training's history; hidden as long as there is none."""

    def __init__(self) -> None:
        self.quantity = Segments(QUANTITIES, "train.quantity")
        self.plot = LossPlot()
        self._numbers = Words(tone="quiet")
        self.health = Words()
        self.use_button = button("Good enough? Denoise now", "train.use")
        self.preview_button = button("Show preview", "train.preview")
        super().__init__(
            row(self.quantity, None),
            self.plot,
            self._numbers,
            self.health,
            row(self.use_button, self.preview_button, None),
        )
        self.quantity.valueChanged.connect(self.plot.show_quantity)

    def show_training(self, training: Training, history: Sequence[Progress]) -> None:
        """Show what is new."""
        self.setVisible(bool(history))
        self.use_button.setVisible(training.has_model and training.is_active)
        progress = training.progress
        if progress is None:
            return
        self.plot.add_new(history)
        has_latents = progress.kl_weight > 0
        rate = f", rate {progress.rate:.3f}" if has_latents else ""
        self._numbers.say(
            f"step {progress.step:,} of {progress.n_steps:,}, "
            f"{progress.steps_per_s:.3g} steps/s, loss {progress.loss:.3f}{rate} "
            "nats per pixel",
            "quiet",
        )
        tone, sentence = health(history)
        if training.message:
            tone, sentence = "warning", training.message
        self.health.say(sentence, tone)
