"""The work of the Noise page: one thing at a time, in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from ._noise_bootstrap import Order, bootstrap
from ._noise_fit import fit, read, shown
from ._noise_pictures import cover
from ._work import once, run

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path
    from threading import Event

    from ._errors import Problem
    from ._noise_fit import Fitted, Recipe, Stand
    from ._noise_pictures import Coverage
    from ._work import Work

ANY_SIGNAL = (0.0, 65535.0)
# Each show draws three plots: ten times a second is live enough.
SHOWS_PER_SECOND = 8


class NoiseWork(QObject):
    """Bootstraps, fits, reads, makes and judges noise models; newer replaces older.

    Signals
    -------
    stood(Stand)
        The work has come a step further.
    ready(Fitted)
        There is a noise model.
    covered(Coverage)
        How the images' intensities compare with the model's range.
    failed(str)
        Why there is none.
    runningChanged(bool)
        Whether a fit or a bootstrap is running.
    """

    stood = Signal(object)
    ready = Signal(object)
    covered = Signal(object)
    failed = Signal(str)
    runningChanged = Signal(bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._work: Work | None = None
        self._judging: Work | None = None
        self._enough: Event | None = None

    @property
    def is_fitting(self) -> bool:
        """Whether a fit or a bootstrap is running."""
        return self._enough is not None

    def begin(self, order: Order | Recipe) -> None:
        """Bootstrap or fit one; `finish_early` ends it with the best so far."""
        if isinstance(order, Order):
            self._begin("making a noise model", lambda: bootstrap(order))
        else:
            self._begin("fitting the noise model", lambda: fit(order))
        self._set_running(order.enough)

    def read(self, path: Path) -> None:
        """Read a noise model from a file."""
        self._begin(f"reading {path.name}", lambda: read(path))

    def load(self, name: str) -> None:
        """Read a noise model from the library."""
        self._begin(f"reading {name}", once(lambda: shown(_from_library(name))))

    def show(self, make: Callable[[], Any]) -> None:
        """Make a noise model by calling `make` in the thread."""
        self._begin("looking at the noise model", once(lambda: shown(make())))

    def judge(self, noise_model: Any, images: Any, report: Any = None) -> None:
        """Compare a model with images, and what is known of them, if there are any."""
        if self._judging is not None:
            self._judging.stop()
        self._judging = None
        if images is not None:
            self._judging = run(
                "comparing noise model and images",
                lambda: cover(noise_model, images, report),
                on_return=self._on_covered,
            )

    def finish_early(self) -> None:
        """End a fit; the best so far becomes ready."""
        if self._enough is not None:
            self._enough.set()

    def forget(self) -> None:
        """End whatever runs; nothing becomes ready."""
        if self._work is not None:
            self._work.stop()
        self._work = None
        self._set_running(None)

    def _begin(self, title: str, make: Callable[[], Generator[Any, None, Any]]) -> None:
        self.forget()
        work = run(title, make, owner=self, per_second=SHOWS_PER_SECOND)
        self._work = work
        work.yielded.connect(lambda value: self._on_yielded(work, value))
        work.returned.connect(lambda value: self._on_returned(work, value))
        work.failed.connect(lambda problem: self._on_failed(work, problem))

    def _set_running(self, enough: Event | None) -> None:
        was_running, self._enough = self.is_fitting, enough
        if self.is_fitting != was_running:
            self.runningChanged.emit(self.is_fitting)

    def _on_yielded(self, work: Work, value: Stand | None) -> None:
        if work is self._work and value is not None:
            self.stood.emit(value)

    def _on_returned(self, work: Work, value: Fitted) -> None:
        if work is self._work:
            self._work = None
            self._set_running(None)
            self.ready.emit(value)

    def _on_covered(self, coverage: Coverage) -> None:
        self.covered.emit(coverage)

    def _on_failed(self, work: Work, problem: Problem) -> None:
        if work is self._work:
            self._work = None
            self._set_running(None)
            self.failed.emit(problem.what)


def signal_range(images: Any) -> tuple[float, float]:
    """Return the range of the images, for a model that was not measured."""
    from ..images import intensity_range

    if images is None:
        return ANY_SIGNAL
    low, high = intensity_range(images)
    return float(low), float(high)


def _from_library(name: str) -> Any:
    from ..runs.library import NoiseLibrary

    try:
        return NoiseLibrary().load(name)
    except KeyError as error:
        raise ValueError(str(error.args[0])) from error
