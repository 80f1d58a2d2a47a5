"""The page "Train": start a training, watch it, pause and stop it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QMessageBox, QPushButton, QWidget

from ..training import needs_noise_model
from ._files import ask_for_path
from ._lifetime import connect_while_alive
from ._parts import Card, Words, button, column, heading, row
from ._preferences import preferences
from ._progress_view import ProgressView
from ._ready import Ready, get_ready
from ._refit_offer import RefitOffer
from ._train_form import TrainForm
from ._training import Order
from ._work import once, run

if TYPE_CHECKING:
    from ..session import Session, Training
    from ._errors import Problem
    from ._trainer import Trainer

MODEL_FILES = "DivNoise models (*.divnoise)"
OUTCOMES = {
    "done": ("Done. The best network is ready.", "good"),
    "stopped": ("Stopped. The best network so far is kept.", "good"),
    "discarded": ("Stopped and discarded; the run's folder is still there.", "quiet"),
    "failed": ("The training broke off; see the message above.", "bad"),
}


class TrainPage(QWidget):
    """Shows the session's training, and asks the trainer for changes.

    Signals
    -------
    reasonChanged()
        `reason` has something else to say.
    denoiseClicked()
        The person has seen enough and wants to denoise.
    useClicked()
        The person wants to use the network as it is now, and go on training.
    deviceFound(str)
        Name of the device that "auto" chooses.
    """

    reasonChanged = Signal()
    denoiseClicked = Signal()
    deviceFound = Signal(str)
    useClicked = Signal()

    def __init__(self, session: Session, trainer: Trainer) -> None:
        super().__init__()
        self._session, self._trainer = session, trainer
        self.device_name = ""
        self._found: list[Path] = []
        self._make_children()
        self._lay_out()
        self._connect()
        self._on_training_changed(session.training)
        run("getting ready", once(get_ready), on_return=self._on_ready)
        run(
            "looking for running trainings",
            once(lambda: running_trainings(preferences().runs)),
            on_return=self._on_runs_found,
        )

    def _make_children(self) -> None:
        self.form = TrainForm(self._session)
        self.start_button = button("Start training", "train.start", "primary")
        self.resume_button = button("Resume", "train.resume")
        self.pause_button = button("Pause", "train.pause")
        self.stop_button = button("Stop", "train.stop")
        self.attach_button = button("Watch", "train.attach")
        self._found_words = Words()
        self._why = Words()
        self.progress = ProgressView()
        self._outcome = Words()
        self.denoise_button = button("Denoise now", "train.denoise", "primary")
        self.save_button = button("Save model...", "train.save")
        self.refit = RefitOffer(self._session)

    def _lay_out(self) -> None:
        self._settings = Card(self.form)
        self._attach = Card(self._found_words, row(self.attach_button, None))
        self._end = Card(
            self._outcome, row(self.denoise_button, self.save_button, None)
        )
        layout = column(
            heading("Train a network on these images", "question"),
            self._attach,
            self._settings,
            row(
                self.start_button,
                self.resume_button,
                self.pause_button,
                self.stop_button,
                None,
            ),
            self._why,
            self.progress,
            self._end,
            self.refit,
            spacing=8,
        )
        layout.addStretch(1)
        self.setLayout(layout)
        self._attach.hide()

    def _connect(self) -> None:
        self.form.valueChanged.connect(self._show_buttons)
        self.start_button.clicked.connect(self._on_start_clicked)
        self.resume_button.clicked.connect(self._on_resume_clicked)
        self.pause_button.clicked.connect(self._trainer.toggle_pause)
        self.stop_button.clicked.connect(self.ask_to_stop)
        self.attach_button.clicked.connect(self._on_attach_clicked)
        self.progress.use_button.clicked.connect(self.useClicked)
        self.progress.preview_button.clicked.connect(self._on_preview_clicked)
        self.denoise_button.clicked.connect(self.denoiseClicked)
        self.save_button.clicked.connect(self._on_save_clicked)
        fields = self._session.events
        connect_while_alive(
            [
                (fields.training, self._on_training_changed),
                (fields.images, self._on_choice_changed),
                (fields.method, self._on_choice_changed),
                (fields.noise_model, self._on_noise_model_changed),
                (fields.model, self._on_model_changed),
            ],
        )

    def reason(self) -> str:
        """Say why one cannot go on, "" if one can."""
        if self._session.model is not None:
            return ""
        if self._session.training.is_active:
            return "Wait for the training, or stop it and keep the model."
        return "Train a network, or drop a model file on napari."

    def why_not_start(self) -> str:
        """Say why a training cannot start, "" if it can."""
        session = self._session
        if session.images is None:
            return "Choose images on the Data page first."
        is_needed = needs_noise_model(session.method)
        if is_needed and session.noise_model is None:
            return "Decide about the noise model on the Noise page first."
        return self.form.reason()

    def reset_choices(self, _event: Any = None) -> None:
        """Follow the viewer's layers: the preview may have gone."""
        self._show_preview_button()

    # ------------------------------------------------------------------ acts

    def _on_start_clicked(self) -> None:
        session = self._session
        is_needed = needs_noise_model(session.method)
        self._trainer.start(
            Order(
                run=self.form.folder(),
                mode="new",
                config=self.form.config(),
                images=None if session.files else session.images,
                noise_model=session.noise_model if is_needed else None,
                source=next(iter(session.sources), None),
                detached=preferences().detached,
            )
        )

    def _on_resume_clicked(self) -> None:
        self._begin(self.form.folder(), "resume")

    def _on_attach_clicked(self) -> None:
        self._attach.hide()
        self._begin(self._found[-1], "attach")

    def _begin(self, folder: Path, mode: Any) -> None:
        source = next(iter(self._session.sources), None)
        detached = preferences().detached
        self._trainer.start(Order(folder, mode, source=source, detached=detached))

    def ask_to_stop(self) -> QMessageBox:
        """Ask whether to keep the model; until the answer the training goes on."""
        box = QMessageBox(self)
        box.setWindowTitle("Stop training")
        box.setText("Stop the training?")
        box.setInformativeText("Keeping takes the best network so far.")
        keep, discard = QPushButton("Keep model"), QPushButton("Discard")
        box.addButton(keep, QMessageBox.ButtonRole.AcceptRole)
        box.addButton(discard, QMessageBox.ButtonRole.DestructiveRole)
        box.addButton("Go on training", QMessageBox.ButtonRole.RejectRole)
        keep.clicked.connect(lambda: self._trainer.stop(keep=True))
        discard.clicked.connect(lambda: self._trainer.stop(keep=False))
        box.finished.connect(box.deleteLater)
        box.open()
        return box

    def _on_preview_clicked(self) -> None:
        self._trainer.bring_preview_back()
        self._show_preview_button()

    def _on_save_clicked(self) -> None:
        name = f"{self.form.run_name.text() or 'model'}.divnoise"
        ask_for_path(self, "Save model", self.save, MODEL_FILES, save_as=name)

    def save(self, path: str) -> None:
        """Write the session's model to a ``.divnoise`` file, in a thread."""
        model = self._session.model
        if model is not None:
            run(
                f"saving {Path(path).name}",
                once(lambda: model.save(path)),
                on_fail=self._on_save_failed,
            )

    def _on_save_failed(self, problem: Problem) -> None:
        self._trainer.failed.emit(problem)

    # ------------------------------------------------------------------ news

    def _on_ready(self, ready: Ready) -> None:
        self.device_name = ready.device_name
        self.deviceFound.emit(ready.device_name)
        self.form.set_ready(ready)
        self._show_buttons()

    def _on_runs_found(self, found: list[Path]) -> None:
        self._found = found
        if found and not self._session.training.is_active:
            self._found_words.say(f"A training is still running: {found[-1].name}.")
            self._attach.show()

    def _on_choice_changed(self, _value: Any) -> None:
        if not self._session.training.is_active:
            self.form.refresh()
        self._show_buttons()

    def _on_noise_model_changed(self, _model: Any) -> None:
        self._show_buttons()

    def _on_model_changed(self, _model: Any) -> None:
        self._show_end()
        self.reasonChanged.emit()

    def _on_training_changed(self, training: Training) -> None:
        self._show_buttons()
        self.progress.show_training(training, self._session.history)
        if training.activity == "ended":
            self.form.propose_name()
        self._show_end()

    def _show_buttons(self) -> None:
        training = self._session.training
        why = self.why_not_start()
        is_idle = not training.is_active
        self.form.setEnabled(is_idle)
        self.start_button.setVisible(is_idle)
        self.start_button.setEnabled(not why)
        self.resume_button.setVisible(is_idle and self._can_resume())
        self.pause_button.setVisible(training.activity in ("running", "paused"))
        is_paused = training.activity == "paused"
        self.pause_button.setText("Go on" if is_paused else "Pause")
        self.stop_button.setVisible(not is_idle)
        self.stop_button.setEnabled(training.activity != "stopping")
        self._settings.setVisible(is_idle)
        self._show_preview_button()
        self._why.say(why if is_idle else "", "warning")

    def _show_preview_button(self) -> None:
        self.progress.preview_button.setVisible(self._trainer.has_preview_away)

    def _can_resume(self) -> bool:
        folder = self.form.folder()
        return self.form.exists() and (folder / "checkpoint.safetensors").exists()

    def _show_end(self) -> None:
        training, model = self._session.training, self._session.model
        words, tone = OUTCOMES.get(training.outcome, ("A model is loaded.", "good"))
        ended = training.activity == "ended" and bool(training.outcome)
        self._outcome.say(words, tone)
        self.denoise_button.setVisible(model is not None)
        self.save_button.setVisible(model is not None)
        idle = not training.is_active
        self._end.setVisible(idle and (ended or model is not None))


def running_trainings(folder: Path) -> list[Path]:
    """Return the run folders in `folder` in which a training is going on."""
    from ..runs import RunFolder

    if not folder.is_dir():
        return []
    runs = [path for path in sorted(folder.iterdir()) if (path / "run.yaml").exists()]
    return [path for path in runs if RunFolder(path).state in ("running", "paused")]
