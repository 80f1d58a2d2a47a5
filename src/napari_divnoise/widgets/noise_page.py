"""The page "Noise", which asks how the camera makes noise.

Longer than most: it is where seven sources, the library, the workers and the session
meet, each with a slot of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from ..training import needs_noise_model
from ._library_work import LibraryWork
from ._lifetime import connect_while_alive
from ._noise_keep import KeepNoise
from ._noise_library import OfferCard
from ._noise_view import NoiseView
from ._noise_ways import ACTS, NOT_NEEDED, TO_DO, Ways
from ._noise_work import NoiseWork, signal_range
from ._parts import Card, Words, column, heading
from ._run_row import RunRow

if TYPE_CHECKING:
    from pathlib import Path

    from ..runs.library import LibraryEntry
    from ..session import Session
    from ._library_work import Shelf
    from ._noise_fit import Fitted, Stand


class NoisePage(QWidget):
    """Choose where the noise model comes from, make it, and see whether it is good.

    Signals
    -------
    reasonChanged()
        `reason` has something else to say.
    continueClicked()
        The person goes on with a noise model that is poor.
    """

    reasonChanged = Signal()
    continueClicked = Signal()

    def __init__(self, viewer: Any, session: Session) -> None:
        super().__init__()
        self._session = session
        self.work = NoiseWork(self)
        self.library = LibraryWork(self)
        self._is_writing = False
        self._was_touched = False
        self._make_children(viewer)
        self._lay_out()
        self._connect()
        self._show_noise_model(session.noise_model)
        self._on_method_changed(session.method)
        self.ways.bootstrap.show_images(session.images)
        self.library.refresh()
        self._on_report_changed(session.noise_report)

    def _make_children(self, viewer: Any) -> None:
        self.ways = Ways(viewer)
        self.offer = OfferCard()
        self.run_row = RunRow()
        self.view = NoiseView()
        self.keep = KeepNoise(self._session, self.library)
        self._not_needed = Words(tone="quiet")

    def _lay_out(self) -> None:
        self._card = Card(self.ways, self.run_row)
        layout = column(
            heading("How does your camera make noise?", "question"),
            self._not_needed,
            self.offer,
            self._card,
            self.view,
            self.keep,
            spacing=8,
        )
        layout.addStretch(1)
        self.setLayout(layout)

    def _connect(self) -> None:
        ways, library = self.ways, self.library
        ways.box.activated.connect(self._on_way_touched)
        ways.box.currentIndexChanged.connect(self._on_way_changed)
        ways.file.valueChanged.connect(self._on_file_chosen)
        ways.numbers.valueChanged.connect(self._on_numbers_changed)
        ways.library.entryChosen.connect(self._on_entry_chosen)
        ways.library.removeClicked.connect(library.remove)
        self.offer.takeClicked.connect(self._on_offer_taken)
        self.run_row.startClicked.connect(self._on_start_clicked)
        self.run_row.keepClicked.connect(self.work.finish_early)
        self.run_row.cancelClicked.connect(self._on_cancel_clicked)
        self.view.trustChanged.connect(self.reasonChanged)
        self.view.acceptClicked.connect(self.continueClicked)
        self.work.stood.connect(self._on_work_stood)
        self.work.ready.connect(self._on_noise_model_ready)
        self.work.failed.connect(self._on_work_failed)
        self.work.covered.connect(self.view.show_coverage)
        self.work.runningChanged.connect(self._on_running_changed)
        library.listed.connect(self._on_library_listed)
        library.matched.connect(self._on_library_matched)
        library.failed.connect(self._on_library_failed)
        fields = self._session.events
        connect_while_alive(
            [
                (fields.noise_model, self._on_noise_model_changed),
                (fields.model, self._on_model_changed),
                (fields.method, self._on_method_changed),
                (fields.images, self._on_images_changed),
                (fields.noise_report, self._on_report_changed),
            ],
        )

    def reason(self) -> str:
        """Say why one cannot go on, "" if one can."""
        session = self._session
        if not needs_noise_model(session.method):
            return ""
        if self.work.is_fitting:
            return "Wait for the noise model, or stop and keep the best so far."
        if session.noise_model is None:
            return TO_DO.get(self.chosen_way(), "Fit the noise model first.")
        if self.view.is_poor() and self.chosen_way() != "learn":
            return "This noise model is poor: try another source, or continue anyway."
        return ""

    def chosen_way(self) -> str:
        """Return the key of the source that is chosen: "bootstrap", "file", ..."""
        return self.ways.value()

    def choose_way(self, way: str) -> None:
        """Choose where the noise model comes from."""
        self._was_touched = True
        self.ways.setValue(way)

    def reset_choices(self, event: Any = None) -> None:
        """Follow the viewer's layers."""
        self.ways.reset_choices(event)

    # ------------------------------------------------------------------ choices

    def _on_way_touched(self, _index: int) -> None:
        self._was_touched = True

    def _on_way_changed(self, _index: int) -> None:
        self.work.forget()
        self._show_form()
        self.view.clear()
        way = self.chosen_way()
        self._put("learn" if way == "learn" else None)
        if way == "learn":
            self._on_model_changed(self._session.model)
        elif way == "numbers":
            self._on_numbers_changed()
        elif way == "library" and self.ways.library.value():
            self._on_entry_chosen(self.ways.library.value())

    def _show_form(self) -> None:
        way = self.chosen_way()
        self.ways.show_form()
        self.run_row.set_act(ACTS.get(way, ""))
        self._show_keep()

    def _show_keep(self) -> None:
        is_needed = needs_noise_model(self._session.method)
        self.keep.show_for(self._session.known_noise_model if is_needed else None)

    def _on_method_changed(self, method: str) -> None:
        needed = needs_noise_model(method)
        self._not_needed.say("" if needed else NOT_NEEDED.get(method, ""), "quiet")
        self._card.setVisible(needed)
        has_model = not _is_open(self._session.noise_model)
        self.view.setVisible(needed and (has_model or self.work.is_fitting))
        self._show_keep()
        self.reasonChanged.emit()

    # ------------------------------------------------------------------ work

    def _on_start_clicked(self) -> None:
        self.ways.say("")
        order = self.ways.order(self._session.images)
        if isinstance(order, str):
            self.ways.say(order)
            return
        self.view.clear()
        self._put(None)
        self.ways.fold(on=True)
        self.work.begin(order)

    def _on_cancel_clicked(self) -> None:
        self.work.forget()
        self.view.clear()
        self.ways.fold(on=False)
        self.reasonChanged.emit()

    def _on_file_chosen(self, path: Path) -> None:
        self._put(None)
        self.work.read(path)

    def _on_numbers_changed(self) -> None:
        images, form = self._session.images, self.ways.numbers
        self.work.show(lambda: form.noise_model(signal_range(images)))

    def _on_entry_chosen(self, name: str) -> None:
        self._was_touched = True
        self.offer.offer(None)
        self._put(None)
        self.work.load(name)

    def _on_offer_taken(self, name: str) -> None:
        self.choose_way("library")
        self.ways.library.choose(name)
        self._on_entry_chosen(name)

    def _on_running_changed(self, is_running: bool) -> None:
        self.run_row.show_running(is_running)
        self.ways.setEnabled(not is_running)
        self.reasonChanged.emit()

    def _on_work_stood(self, stand: Stand) -> None:
        self.run_row.show_work(stand.words, stand.fraction)
        fitted = stand.fitted
        if fitted is not None and self.view.is_new(fitted):
            self._judge(fitted.noise_model)
        self.view.show_stand(stand)

    def _on_noise_model_ready(self, fitted: Fitted) -> None:
        self.view.setValue(fitted)
        if self.chosen_way() == "learn":
            self._show_keep()  # learnt along: the next training learns it anew
        else:
            self._put(fitted.noise_model)
        self._judge(fitted.noise_model)

    def _judge(self, model: Any) -> None:
        session = self._session
        self.work.judge(model, session.images, session.noise_report)

    def _on_work_failed(self, text: str) -> None:
        self.view.clear()
        self.ways.say(text)

    # ------------------------------------------------------------------ library

    def _on_library_listed(self, shelf: Shelf) -> None:
        self.ways.library.show_shelf(shelf)

    def _on_library_failed(self, text: str) -> None:
        self.ways.library.say(text)

    def _on_report_changed(self, report: Any) -> None:
        self.offer.offer(None)
        if report is not None:
            self.library.match(report)
        if not _is_open(self._session.noise_model):
            self._judge(self._session.noise_model)

    def _on_library_matched(self, entries: list[LibraryEntry]) -> None:
        """Offer what looks alike, unless there is a noise model already."""
        session = self._session
        is_open = _is_open(session.noise_model) and not self.work.is_fitting
        if not entries or not is_open or not needs_noise_model(session.method):
            return
        self.offer.offer(entries[0])
        if not self._was_touched:
            self.ways.setValue("library")

    # ------------------------------------------------------------------ session

    def _put(self, model: Any) -> None:
        self._is_writing = True
        self._session.noise_model = model
        self._is_writing = False
        self._show_keep()
        self.reasonChanged.emit()

    def _on_noise_model_changed(self, model: Any) -> None:
        if not self._is_writing:
            self._show_noise_model(model)
        self.reasonChanged.emit()

    def _on_model_changed(self, _model: Any) -> None:
        """Show what a network learnt of the noise, to look at and to keep."""
        learned = self._session.known_noise_model
        if self.chosen_way() == "learn" and learned is not None:
            self.work.show(lambda: learned)

    def _on_images_changed(self, images: Any) -> None:
        self.ways.bootstrap.show_images(images)
        model = self._session.noise_model
        if not _is_open(model):
            self._judge(model)

    def _show_noise_model(self, model: Any) -> None:
        """Show a noise model that came from elsewhere, such as a dropped file."""
        way = "learn" if model == "learn" else "bootstrap" if model is None else "file"
        self.ways.box.blockSignals(True)
        self.ways.setValue(way)
        self.ways.box.blockSignals(False)
        self._show_form()
        if not _is_open(model):
            self.work.show(lambda: model)


def _is_open(model: Any) -> bool:
    """Whether there is no noise model yet: undecided, or learned in training."""
    return model is None or isinstance(model, str)
