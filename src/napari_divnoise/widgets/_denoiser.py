"""One denoising per viewer: it goes on, dock or no dock, and its layers sharpen."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from ..session import session_of
from ._denoising import denoise
from ._lifetime import is_alive
from ._preferences import preferences
from ._results import Results
from ._train_form import minutes
from ._work import run

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from ._denoising import Step
    from ._errors import Problem
    from ._opening import Job, Opened
    from ._work import Work

SHOWS_PER_SECOND = 3


class Denoiser(QObject):
    """Works off jobs one after the other, and shows what they yield.

    Signals
    -------
    samplesComing()
        A layer with an axis `sample` is about to be added.
    stepped(Step)
        There are more samples.
    changed()
        Work has begun or ended.
    failed(Problem)
        Sampling broke off.

    Attributes
    ----------
    docks : set of QWidget
        They show the progress; without one napari's activity dock does.
    """

    samplesComing = Signal()
    stepped = Signal(object)
    changed = Signal()
    failed = Signal(object)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.docks: weakref.WeakSet[QWidget] = weakref.WeakSet()
        self._viewer = weakref.ref(getattr(viewer, "__wrapped__", viewer))
        self._session = session_of(viewer)
        self._queue: list[Job] = []
        self._wanted: frozenset[str] = frozenset()
        self._work: Work | None = None
        self._job: Job | None = None
        self.results: Results | None = None
        self.step: Step | None = None

    @property
    def is_running(self) -> bool:
        """Whether samples are being drawn."""
        return self._work is not None

    @property
    def has_finished(self) -> bool:
        """Whether something has been denoised, and nothing is on its way."""
        return self.step is not None and not self.is_running

    def run(self, jobs: list[Job], wanted: frozenset[str]) -> None:
        """Denoise one image after the other.

        Parameters
        ----------
        jobs : list of Job
            What to denoise.
        wanted : frozenset of str
            Which of "mean", "std" and "samples" become layers.

        Raises
        ------
        RuntimeError
            If something is running.
        """
        if self.is_running:
            raise RuntimeError("samples are being drawn: cancel that first")
        self._queue, self._wanted = list(jobs), wanted
        self._start_next()

    def cancel(self) -> None:
        """Stop drawing; the layers keep what was drawn so far."""
        self._queue = []
        if self._work is not None:
            self._work.stop()

    def status(self) -> tuple[str, float | None]:
        """Return the words and the fraction for the dock's status line."""
        if self.results is None or self.step is None:
            return "Preparing to sample", None
        left = minutes(self.step.eta_s / 60)
        return f"Sampling {self.results.name}: {left} left", self.step.fraction

    def _start_next(self) -> None:
        viewer = self._viewer()
        if not self._queue or viewer is None:
            return
        job = self._queue.pop(0)
        cache_gb = preferences().sample_cache_gb
        self._job, self.step = job, None
        self.results = Results(viewer, job, self._wanted, cache_gb=cache_gb)
        if "samples" in self._wanted:
            self.samplesComing.emit()
        self._work = run(
            f"sampling {self.results.name}",
            lambda: denoise(job),
            on_yield=self._on_step,
            on_return=self._on_done,
            on_fail=self._on_failed,
            on_finish=self._on_finished,
            per_second=SHOWS_PER_SECOND,
        )
        self.changed.emit()

    def _on_step(self, step: Step | None) -> None:
        if step is None or self.results is None or self._viewer() is None:
            return
        self.step = step
        self.results.show_step(step)
        if self._work is not None:
            self._work.show_progress(
                None if any(map(is_alive, self.docks)) else step.fraction
            )
        self.stepped.emit(step)

    def _on_done(self, opened: Opened) -> None:
        self._session.posterior = opened.posterior

    def _on_failed(self, problem: Problem) -> None:
        self._queue = []
        self.failed.emit(problem)

    def _on_finished(self) -> None:
        self._work = None
        if self.results is not None and self._job is not None:
            self.results.finish(self._job.n_samples)
        self._start_next()
        self.changed.emit()
