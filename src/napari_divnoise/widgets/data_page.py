"""The page "Data", which asks for the noisy images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from ..session import Source
from ._data_form import DataForm
from ._looking import Seen, check_noise, look, renamed
from ._method_choice import AUTO, MethodChoice
from ._noise_card import NoiseCard
from ._parts import Card, Words, column, heading
from ._work import run

if TYPE_CHECKING:
    from ..images import NoiseReport
    from ..session import Session
    from ._errors import Problem
    from ._work import Work

LOOKING = "Looking at the images..."


class DataPage(QWidget):
    """Choose images, say what their dimensions mean, and see whether they will do.

    Signals
    -------
    reasonChanged()
        `reason` has something else to say.
    """

    reasonChanged = Signal()

    def __init__(self, viewer: Any, session: Session) -> None:
        super().__init__()
        self._session = session
        self._work: Work | None = None
        self._checking: Work | None = None
        self._reason = LOOKING
        self.form = DataForm(viewer)
        self.verdict = Words()
        self._notes = Words()
        self.noise = NoiseCard()
        self.method = MethodChoice()
        self._lay_out()
        self.form.valueChanged.connect(self._look)
        self.method.valueChanged.connect(self._on_method_changed)
        self.method.setValue(AUTO if session.method_is_auto else session.method)
        self.form.restore(session)

    def _lay_out(self) -> None:
        layout = column(
            heading("Which noisy images?", "question"),
            self.form,
            Card(heading("Check"), self.verdict, self._notes, self.noise),
            heading("Method"),
            self.method,
            spacing=8,
        )
        layout.addStretch(1)
        self.setLayout(layout)

    def reason(self) -> str:
        """Say why one cannot go on, "" if one can."""
        return self._reason

    def reset_choices(self, event: Any = None) -> None:
        """Follow the viewer's layers."""
        self.form.reset_choices(event)

    def _on_method_changed(self, _method: str) -> None:
        self._session.method_is_auto = self.method.is_auto
        self._session.method = self.method.value()

    def _look(self) -> None:
        """Open and check what is chosen now, in a thread; forget an older look."""
        if self._work is not None:
            self._work.stop()
            self._work = None
        problem = self.form.problem()
        if problem:
            self._show_problem(problem)
            return
        self._forget_noise()
        self._set_reason(LOOKING)
        self.verdict.say(LOOKING, "quiet")
        self._notes.say("")
        wanted = self.form.value()
        work = run("looking at images", lambda: look(wanted), owner=self)
        self._work = work
        work.returned.connect(lambda seen: self._on_seen(work, seen))
        work.failed.connect(lambda problem: self._on_look_failed(work, problem))

    def _on_seen(self, work: Work, seen: Seen) -> None:
        if work is not self._work:
            return
        self._work = None
        self.form.show_seen(seen)
        self.verdict.say(seen.facts, "good")
        self._notes.say("\n".join(seen.warnings), "warning")
        self._commit(seen)
        self._set_reason("")
        self._check_noise(seen)

    def _on_look_failed(self, work: Work, problem: Problem) -> None:
        if work is self._work:
            self._work = None
            self._show_problem(problem.what)

    def _show_problem(self, text: str) -> None:
        form = self.form
        nothing_chosen = not form.files.value() and not form.layers.value()
        if form.uses_files:
            form.files.say(text if form.files.value() else "")
        self.verdict.say(text, "quiet" if nothing_chosen else "bad")
        self._notes.say("")
        self._forget_noise()
        self.noise.clear()
        self._session.images = None
        self._set_reason(text)

    # ------------------------------------------------------------------ noise

    def _check_noise(self, seen: Seen) -> None:
        """Look at the noise of what was chosen; the page does not wait for it."""
        self.noise.wait()
        images = seen.images
        work = run("checking the noise", lambda: check_noise(images), owner=self)
        self._checking = work
        work.returned.connect(lambda report: self._on_checked(work, report))
        work.failed.connect(lambda problem: self._on_check_failed(work, problem))

    def _on_checked(self, work: Work, report: NoiseReport) -> None:
        if work is self._checking:
            self._checking = None
            self.noise.show_report(report)
            self._session.noise_report = report
            self.method.show_report(report)

    def _on_check_failed(self, work: Work, problem: Problem) -> None:
        if work is self._checking:
            self._checking = None
            self.noise.show_problem(problem.what)

    def _forget_noise(self) -> None:
        """Nothing is known of what is chosen now; the card keeps its height."""
        if self._checking is not None:
            self._checking.stop()
            self._checking = None
        self._session.noise_report = None
        self.method.show_report(None)

    # ------------------------------------------------------------------ session

    def _commit(self, seen: Seen) -> None:
        """Write the choice into the session, the images last."""
        session, form = self._session, self.form
        session.axes = form.axes.value()
        session.channel = form.channel.currentIndex() if seen.n_channels > 1 else None
        if form.uses_files:
            path = form.files.value()
            session.files, session.sources = (path,), ()
            session.images = renamed(seen.images, (Path(path).stem,))
            return
        layers = form.layers.value()
        n_images = seen.images.n_images // len(layers)
        session.files = ()
        session.sources = tuple(self._source(layer, n_images) for layer in layers)
        session.images = renamed(seen.images, tuple(layer.name for layer in layers))

    def _source(self, layer: Any, n_images: int) -> Source:
        region = self.form.region_of(layer)
        corner = (0, 0) if region is None else (region[0].start, region[1].start)
        return Source.of_layer(layer, n_images=n_images, corner=corner)

    def _set_reason(self, reason: str) -> None:
        if reason != self._reason:
            self._reason = reason
            self.reasonChanged.emit()
