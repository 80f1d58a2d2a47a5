"""One training per viewer: it goes on, and is shown, dock or no dock."""

from __future__ import annotations

import weakref
from collections import deque
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from ..session import Training, session_of
from ._lifetime import is_alive
from ._preview import PreviewLayer
from ._train_form import minutes
from ._training import train
from ._work import run

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from ..runs import Model, RunFolder
    from ._errors import Problem
    from ._training import Event, Order
    from ._work import Work

SHOWS_PER_SECOND = 2


class Trainer(QObject):
    """Starts, pauses and stops the training, and writes how it goes into the session.

    Signals
    -------
    failed(Problem)
        The training could not start, or broke off.

    Attributes
    ----------
    docks : set of QWidget
        They show the progress; without one napari's activity dock does.
    """

    failed = Signal(object)

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.docks: weakref.WeakSet[QWidget] = weakref.WeakSet()
        self._viewer = weakref.ref(getattr(viewer, "__wrapped__", viewer))
        self.session = session_of(viewer)
        self._news: deque[Event] = deque()
        self._work: Work | None = None
        self._preview: PreviewLayer | None = None
        self._order: Order | None = None
        self._keep = True

    def start(self, order: Order) -> None:
        """Begin, resume or watch a run.

        Raises
        ------
        RuntimeError
            If one is being watched already.
        """
        if self.session.training.is_active:
            raise RuntimeError(f"{self.session.run} is being trained: stop it first")
        session, self._keep, self._order = self.session, True, order
        self._news = deque()
        session.run = order.run
        if order.mode != "resume":
            session.history.clear()
        session.training = Training("preparing")
        self._preview = PreviewLayer(self._viewer, order.run.name, order.source)
        news = self._news
        self._work = run(
            f"training {order.run.name}",
            lambda: train(order, news),
            on_yield=self._on_news,
            on_return=self._on_ended,
            on_fail=self._on_failed,
            per_second=SHOWS_PER_SECOND,
        )

    def status(self) -> tuple[str, float | None]:
        """Return the words and the fraction for the dock's status line."""
        training, run = self.session.training, self.session.run
        name, progress = "" if run is None else run.name, training.progress
        if training.activity == "stopping":
            return f"Stopping {name}", None
        if training.activity == "preparing" or progress is None:
            return f"Preparing {name}", None
        verb = "Paused" if training.activity == "paused" else "Training"
        left = minutes(progress.eta_s / 60)
        return f"{verb} {name}: {left} left", progress.fraction

    def toggle_pause(self) -> None:
        """Let the training wait, or go on."""
        folder = self._folder()
        if folder.pause_requested:
            folder.request_continue()
        else:
            folder.request_pause()

    def stop(self, *, keep: bool) -> None:
        """Ask the training to end; `keep` its model or forget it."""
        self._keep = keep
        self._set(activity="stopping", message="")
        if self._order is not None:
            self._order.enough.set()

    @property
    def has_preview_away(self) -> bool:
        """Whether there is a preview that the viewer does not show."""
        return self._preview is not None and self._preview.is_away

    def put_preview_away(self) -> None:
        """Take the preview out of the viewer; `bring_preview_back` shows it again."""
        if self._preview is not None:
            self._preview.put_away()

    def bring_preview_back(self) -> None:
        """Show the preview again."""
        if self._preview is not None:
            self._preview.bring_back()

    def _folder(self) -> RunFolder:
        from ..runs import RunFolder

        if self.session.run is None:
            raise RuntimeError("there is no run: start one first")
        return RunFolder(self.session.run)

    def _set(self, **changes: Any) -> None:
        self.session.training = replace(self.session.training, **changes)

    # ------------------------------------------------------------------ news

    def _on_news(self, _value: object = None) -> None:
        """Take in what the thread has put down since the last time."""
        changes: dict[str, Any] = {}
        while self._news:
            self._take_in(self._news.popleft(), changes)
        if self.session.training.activity == "stopping":
            changes.pop("activity", None)
        if changes:
            self._set(**changes)
        if self._work is not None and self.session.history:
            fraction = self.session.history[-1].fraction
            self._work.show_progress(
                None if any(map(is_alive, self.docks)) else fraction
            )

    def _take_in(self, event: Event, changes: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "progress":
            progress = _progress(event)
            self.session.history.append(progress)
            changes["progress"] = progress
            changes["activity"] = "running"
            if progress.message:
                changes["message"] = progress.message
        elif kind == "preview" and self._preview is not None:
            self._preview.show_views(event["views"], event["region"])
        elif kind == "checkpoint":
            changes["has_model"] = True
        elif kind == "message":
            changes["message"] = event["text"]
        elif kind in _ACTIVITIES:
            changes["activity"] = _ACTIVITIES[kind]

    def _on_ended(self, model: Model | None) -> None:
        was_stopped = self.session.training.activity == "stopping"
        self._on_news()
        if not self._keep:
            outcome = "discarded"
        elif model is None:
            outcome = "stopped"
        else:
            self.session.model = model
            outcome = "stopped" if was_stopped else "done"
        self._set(activity="ended", outcome=outcome)

    def _on_failed(self, problem: Problem) -> None:
        self._on_news()
        self._set(activity="ended", outcome="failed", message="")
        self.failed.emit(problem)


_ACTIVITIES = {
    "started": "running",
    "resumed": "running",
    "paused": "paused",
    "continued": "running",
}


def _progress(event: Event) -> Any:
    """Return the `Progress` of an event; JSON has no NaN, it says null."""
    from ..training import Progress

    facts: dict[str, Any] = {f.name: event.get(f.name) for f in fields(Progress)}
    for name in ("loss", "distortion", "rate"):
        facts[name] = float("nan") if facts[name] is None else facts[name]
    return Progress(**facts)
