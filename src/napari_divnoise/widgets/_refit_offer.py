"""A second round: fit the noise model again, on what the trained network denoised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._bar import ThinBar
from ._lifetime import connect_while_alive
from ._noise_bootstrap import part_of
from ._parts import Card, Words, button, heading, row
from ._work import give_way, run

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..images import ImageStack
    from ..runs import Model, Refit
    from ..session import Session
    from ._errors import Problem
    from ._work import Work

MOST_PLANES, LARGEST_EDGE = 4, 512
"""Enough pixels for a noise model, and few enough to be denoised in a minute."""
WHY = (
    "What the network denoised is a better signal than the noise model was fitted to. "
    "See whether a noise model that is fitted to it describes the noise better."
)
TAKEN = "The noise model is replaced. Train again to use it."


class RefitOffer(Card):
    """Shown once there is a model with a noise model, and the images it denoises."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._work: Work | None = None
        self._refit: Refit | None = None
        self._why = Words(WHY, "quiet")
        self.try_button = button("Refit the noise model", "train.refit")
        self.cancel_button = button("Cancel", "train.refit.cancel")
        self.use_button = button("Use it", "train.refit.use", "primary")
        self._bar = ThinBar()
        self.words = Words()
        super().__init__(
            heading("A second round"),
            self._why,
            row(self.try_button, self.cancel_button, None),
            self._bar,
            self.words,
            row(self.use_button, None),
        )
        self.try_button.clicked.connect(self._on_try_clicked)
        self.cancel_button.clicked.connect(self._on_cancel_clicked)
        self.use_button.clicked.connect(self._on_use_clicked)
        connect_while_alive(
            [
                (session.events.model, self._on_choice_changed),
                (session.events.images, self._on_choice_changed),
            ]
        )
        self._on_choice_changed()

    def _on_choice_changed(self, _value: Any = None) -> None:
        """Forget what was found for another model, or other images."""
        if self._work is not None:
            self._work.stop()
        self._work, self._refit = None, None
        model, images = self._session.model, self._session.images
        has_noise = model is not None and model.noise_model is not None
        self.setVisible(has_noise and images is not None)
        self._show("")

    def _show(self, text: str, tone: str = "") -> None:
        is_running = self._work is not None
        self.words.say(text, tone)
        self._bar.setVisible(is_running)
        self._bar.setValue(None)
        self.try_button.setEnabled(not is_running)
        self.cancel_button.setVisible(is_running)
        self.use_button.setVisible(self._refit is not None and self._refit.is_better)

    def _on_try_clicked(self) -> None:
        model, images = self._session.model, self._session.images
        if model is None or images is None:
            return
        self._refit = None
        self._work = work = run(
            "refitting the noise model", lambda: refit(model, images), owner=self
        )
        work.yielded.connect(lambda share: self._on_came_further(work, share))
        work.returned.connect(lambda value: self._on_refit(work, value))
        work.failed.connect(lambda problem: self._on_failed(work, problem))
        self._show("Denoising a part of the images", "quiet")

    def _on_came_further(self, work: Work, share: float | None) -> None:
        if work is self._work:
            self._bar.setValue(share)

    def _on_cancel_clicked(self) -> None:
        if self._work is not None:
            self._work.stop()
            self._work = None
            self._show("Cancelled.", "quiet")

    def _on_refit(self, work: Work, value: Refit) -> None:
        if work is self._work:
            self._work, self._refit = None, value
            self._show(value.sentence, "good" if value.is_better else "quiet")

    def _on_failed(self, work: Work, problem: Problem) -> None:
        if work is self._work:
            self._work = None
            self._show(problem.what, "bad")

    def _on_use_clicked(self) -> None:
        if self._refit is not None:
            self._session.noise_model = self._refit.noise_model
            self._refit = None
            self._show(TAKEN, "good")


def refit(model: Model, images: ImageStack) -> Generator[float | None, None, Refit]:
    """Fit the noise model of `model` again, to a part of the images.

    Raises
    ------
    ValueError
        If the images do not suit the model, or it has no noise model.
    """
    from ..runs import refitting_noise_model

    give_way()
    yield None
    part = part_of(images, MOST_PLANES, LARGEST_EDGE)
    yield None
    kind = "mixture" if model.noise_model is None else model.noise_model.kind
    return (yield from refitting_noise_model(model, part, kind=kind, axes="NYX"))
