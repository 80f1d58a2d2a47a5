"""The page "Noise", which asks how the camera makes noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QWidget

from ._bar import ThinBar
from ._files import ask_for_path
from ._lifetime import connect_while_alive
from ._noise_forms import NOISE_MODEL_FILES, FileForm, FitForm, NumbersForm
from ._noise_view import NoiseView
from ._noise_work import NoiseWork, signal_range
from ._parts import Card, Words, button, column, heading, row
from ._tooltips import tip
from ._work import once, run

if TYPE_CHECKING:
    from ..session import Session
    from ._errors import Problem
    from ._noise_fit import Fitted

WAYS = {
    "learn": "Learn it while training",
    "calibration": "Measure it from a calibration stack",
    "pairs": "Measure it from a clean image",
    "file": "Read it from a file",
    "numbers": "Give it as numbers",
}
WHEN = {
    "learn": "Use this when you have only the noisy images: a variance that grows "
    "with the signal is found along with the network.",
    "calibration": "Use this when you can film something that does not move: the mean "
    "of 50 or more frames is the signal. The best noise model there is.",
    "pairs": "Use this when a layer shows the same place without noise, such as an "
    "average of many exposures.",
    "file": "Use this for a camera that was measured before, here or with the "
    "published tools (.npz).",
    "numbers": "Use this when the data sheet gives gain and read noise.",
}
NOT_NEEDED = (
    "The VAE baseline needs no noise model: it guesses a variance for every pixel. "
    "Go on to Train."
)
TO_DO = {
    "file": "Choose a noise-model file.",
    "numbers": "Give the numbers.",
}


class NoisePage(QWidget):
    """Choose where the noise model comes from, fit it, and see whether it is good.

    Signals
    -------
    reasonChanged()
        `reason` has something else to say.
    """

    reasonChanged = Signal()

    def __init__(self, viewer: Any, session: Session) -> None:
        super().__init__()
        self._session = session
        self.work = NoiseWork(self)
        self._is_writing = False
        self._make_children(viewer)
        self._lay_out()
        self._connect()
        self._show_noise_model(session.noise_model)
        self._on_method_changed(session.method)

    def _make_children(self, viewer: Any) -> None:
        self.way = QComboBox()
        self.way.addItems(list(WAYS.values()))
        tip(self.way, "noise.way")
        self._when = Words(tone="quiet")
        self.calibration = FitForm(viewer, with_signal=False)
        self.pairs = FitForm(viewer, with_signal=True)
        self.file = FileForm()
        self.numbers = NumbersForm()
        self.forms: dict[str, QWidget] = {
            "calibration": self.calibration,
            "pairs": self.pairs,
            "file": self.file,
            "numbers": self.numbers,
        }
        self.fit_button = button("Fit", "noise.fit", "primary")
        self._bar = ThinBar()
        self.view = NoiseView()
        self.save_button = button("Save noise model...", "noise.save")
        self._not_needed = Words(NOT_NEEDED, "quiet")

    def _lay_out(self) -> None:
        self._fit_row = QWidget()
        self._fit_row.setProperty("role", "plain")
        self._fit_row.setLayout(column(row(self.fit_button, None), self._bar))
        self._card = Card(self.way, self._when, *self.forms.values(), self._fit_row)
        layout = column(
            heading("How does your camera make noise?", "question"),
            self._not_needed,
            self._card,
            self.view,
            row(self.save_button, None),
            spacing=8,
        )
        layout.addStretch(1)
        self.setLayout(layout)
        self._bar.hide()

    def _connect(self) -> None:
        self.way.currentIndexChanged.connect(self._on_way_changed)
        self.fit_button.clicked.connect(self._on_fit_clicked)
        self.save_button.clicked.connect(self._on_save_clicked)
        self.file.valueChanged.connect(self._on_file_chosen)
        self.numbers.valueChanged.connect(self._on_numbers_changed)
        self.work.improved.connect(self._on_fit_improved)
        self.work.ready.connect(self._on_noise_model_ready)
        self.work.failed.connect(self._on_work_failed)
        self.work.judged.connect(self.view.show_share_outside)
        self.work.runningChanged.connect(self._on_running_changed)
        fields = self._session.events
        connect_while_alive(
            [
                (fields.noise_model, self._on_noise_model_changed),
                (fields.method, self._on_method_changed),
                (fields.images, self._on_images_changed),
            ],
        )

    def reason(self) -> str:
        """Say why one cannot go on, "" if one can."""
        if self._session.method == "vae" or self._session.noise_model is not None:
            return ""
        if self.work.is_fitting:
            return "Wait for the fit, or stop it."
        return TO_DO.get(self.chosen_way(), "Fit the noise model first.")

    def chosen_way(self) -> str:
        """Return the key of the way that is chosen: "learn", "file", ..."""
        return list(WAYS)[self.way.currentIndex()]

    def choose_way(self, way: str) -> None:
        """Choose where the noise model comes from."""
        self.way.setCurrentIndex(list(WAYS).index(way))

    def reset_choices(self, event: Any = None) -> None:
        """Follow the viewer's layers."""
        self.calibration.reset_choices(event)
        self.pairs.reset_choices(event)

    # ------------------------------------------------------------------ choices

    def _on_way_changed(self, _index: int) -> None:
        self.work.forget()
        self._show_form()
        self.view.clear()
        if self.chosen_way() == "learn":
            self._put("learn")
        elif self.chosen_way() == "numbers":
            self._on_numbers_changed()
        else:
            self._put(None)

    def _show_form(self) -> None:
        way = self.chosen_way()
        self._when.say(WHEN[way], "quiet")
        for key, shown_form in self.forms.items():
            shown_form.setVisible(key == way)
        self._fit_row.setVisible(way in ("calibration", "pairs"))
        self._show_save_button()

    def _show_save_button(self) -> None:
        known = not _is_open(self._session.noise_model)
        self.save_button.setVisible(known and self._session.method != "vae")

    def _on_method_changed(self, method: str) -> None:
        needed = method != "vae"
        self._not_needed.setVisible(not needed)
        self._card.setVisible(needed)
        self.view.setVisible(needed and not _is_open(self._session.noise_model))
        self._show_save_button()
        self.reasonChanged.emit()

    # ------------------------------------------------------------------ work

    def _on_fit_clicked(self) -> None:
        if self.work.is_fitting:
            self.work.finish_early()
            return
        form = self.pairs if self.chosen_way() == "pairs" else self.calibration
        recipe = form.recipe()
        form.say(recipe if isinstance(recipe, str) else "")
        if not isinstance(recipe, str):
            self._put(None)
            self.work.fit(recipe)

    def _on_file_chosen(self, path: Path) -> None:
        self._put(None)
        self.work.read(path)

    def _on_numbers_changed(self) -> None:
        images, form = self._session.images, self.numbers
        self.work.show(lambda: form.noise_model(signal_range(images)))

    def _on_running_changed(self, is_running: bool) -> None:
        self.fit_button.setText("Stop and keep" if is_running else "Fit")
        self._bar.setVisible(is_running)
        self._bar.setValue(None)
        self.reasonChanged.emit()

    def _on_fit_improved(self, fitted: Fitted) -> None:
        self._bar.setValue(fitted.fraction)
        self.view.setValue(fitted)

    def _on_noise_model_ready(self, fitted: Fitted) -> None:
        self.view.setValue(fitted)
        self._put(fitted.noise_model)
        self.work.judge(fitted.noise_model, self._session.images)

    def _on_work_failed(self, text: str) -> None:
        form = self.forms.get(self.chosen_way())
        if isinstance(form, FitForm | FileForm):
            form.say(text)

    def _on_save_clicked(self) -> None:
        ask_for_path(
            self,
            "Save noise model",
            self.save,
            NOISE_MODEL_FILES,
            save_as="camera.npz",
        )

    def save(self, path: str) -> None:
        """Write the noise model to an ``.npz`` file, in a thread."""
        model = self._session.noise_model
        run(
            f"saving {Path(path).name}",
            once(lambda: _save_noise_model(model, path)),
            on_fail=self._on_save_failed,
        )

    def _on_save_failed(self, problem: Problem) -> None:
        self.view.badge.say(problem.text(), "bad")

    # ------------------------------------------------------------------ session

    def _put(self, model: Any) -> None:
        self._is_writing = True
        self._session.noise_model = model
        self._is_writing = False
        self._show_save_button()
        self.reasonChanged.emit()

    def _on_noise_model_changed(self, model: Any) -> None:
        if not self._is_writing:
            self._show_noise_model(model)
        self.reasonChanged.emit()

    def _on_images_changed(self, images: Any) -> None:
        model = self._session.noise_model
        if not _is_open(model):
            self.work.judge(model, images)

    def _show_noise_model(self, model: Any) -> None:
        """Show a noise model that came from elsewhere, such as a dropped file."""
        self.way.blockSignals(True)
        self.choose_way("learn" if _is_open(model) else "file")
        self.way.blockSignals(False)
        self._show_form()
        if not _is_open(model):
            self.work.show(lambda: model)


def _is_open(model: Any) -> bool:
    """Whether there is no noise model yet: undecided, or learned in training."""
    return model is None or isinstance(model, str)


def _save_noise_model(model: Any, path: str) -> None:
    from ..noise import save_noise_model

    save_noise_model(model, path)
