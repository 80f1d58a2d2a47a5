"""The work of the Noise page: one thing at a time, in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from ._noise_fit import fit, read, share_outside, shown
from ._work import once, run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from ._errors import Problem
    from ._noise_fit import Fitted, Recipe
    from ._work import Work

ANY_SIGNAL = (0.0, 65535.0)


class NoiseWork(QObject):
    """Fits, reads, makes and judges noise models; newer work replaces older.

    Signals
    -------
    improved(Fitted)
        A fit has come a step further.
    ready(Fitted)
        There is a noise model.
    judged(float)
        Share of the images' pixels that lie outside the model's range.
    failed(str)
        Why there is none.
    runningChanged(bool)
        Whether a fit is running.
    """

    improved = Signal(object)
    ready = Signal(object)
    judged = Signal(float)
    failed = Signal(str)
    runningChanged = Signal(bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._work: Work | None = None
        self._recipe: Recipe | None = None

    @property
    def is_fitting(self) -> bool:
        """Whether a fit is running."""
        return self._recipe is not None

    def fit(self, recipe: Recipe) -> None:
        """Fit a noise model; `finish_early` ends it with the best so far."""
        self._begin("fitting the noise model", lambda: fit(recipe))
        self._recipe = recipe
        self.runningChanged.emit(True)

    def read(self, path: Path) -> None:
        """Read a noise model from a file."""
        self._begin(f"reading {path.name}", lambda: read(path))

    def show(self, make: Callable[[], Any]) -> None:
        """Make a noise model by calling `make` in the thread."""
        self._begin("looking at the noise model", once(lambda: shown(make())))

    def judge(self, noise_model: Any, images: Any) -> None:
        """Compare a model's range with images, if there are any."""
        if images is not None:
            run(
                "comparing noise model and images",
                lambda: share_outside(noise_model, images),
                on_return=self._on_judged,
            )

    def finish_early(self) -> None:
        """End a fit; the best so far becomes ready."""
        if self._recipe is not None:
            self._recipe.enough.set()

    def forget(self) -> None:
        """End whatever runs; nothing becomes ready."""
        if self._work is not None:
            self._work.stop()
        self._work = None
        self._end_fit()

    def _begin(self, title: str, make: Callable[[], Generator[Any, None, Any]]) -> None:
        self.forget()
        work = run(title, make, owner=self)
        self._work = work
        work.yielded.connect(lambda value: self._on_yielded(work, value))
        work.returned.connect(lambda value: self._on_returned(work, value))
        work.failed.connect(lambda problem: self._on_failed(work, problem))

    def _end_fit(self) -> None:
        if self._recipe is not None:
            self._recipe = None
            self.runningChanged.emit(False)

    def _on_yielded(self, work: Work, value: Fitted | None) -> None:
        if work is self._work and value is not None:
            self.improved.emit(value)

    def _on_returned(self, work: Work, value: Fitted) -> None:
        if work is self._work:
            self._work = None
            self._end_fit()
            self.ready.emit(value)

    def _on_judged(self, share: float) -> None:
        self.judged.emit(share)

    def _on_failed(self, work: Work, problem: Problem) -> None:
        if work is self._work:
            self._work = None
            self._end_fit()
            self.failed.emit(problem.what)


def signal_range(images: Any) -> tuple[float, float]:
    """Return the range of the images, for a model that was not measured."""
    from ..images import intensity_range

    if images is None:
        return ANY_SIGNAL
    low, high = intensity_range(images)
    return float(low), float(high)
