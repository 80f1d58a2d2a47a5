"""Keep a noise model: in the library of this computer, or as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QWidget

from ._files import ask_for_path
from ._noise_forms import NOISE_MODEL_FILES
from ._noise_library import SaveForm
from ._parts import Words, button, column, row
from ._work import once, run

if TYPE_CHECKING:
    from ..session import Session
    from ._errors import Problem
    from ._library_work import Label, LibraryWork


class KeepNoise(QWidget):
    """Two buttons that keep a noise model, and what comes of it."""

    def __init__(self, session: Session, library: LibraryWork) -> None:
        super().__init__()
        self._session, self._library = session, library
        self._model: Any = None
        self.library_button = button("Save to library...", "noise.save_to_library")
        self.save_button = button("Save as file...", "noise.save")
        self.form = SaveForm()
        self.words = Words()
        self.setLayout(
            column(
                row(self.library_button, self.save_button, None), self.form, self.words
            )
        )
        self.words.say("")
        self.library_button.clicked.connect(self._on_library_clicked)
        self.save_button.clicked.connect(self._on_save_clicked)
        self.form.saveClicked.connect(self._on_label_written)
        library.exists.connect(self._on_name_taken)
        library.saved.connect(self._on_saved)
        library.failed.connect(self._on_library_failed)

    def show_for(self, model: Any) -> None:
        """Show the buttons if there is a `model`, and forget what was said."""
        self._model = model
        self.setVisible(model is not None)
        self.words.say("")
        if model is None:
            self.form.hide()

    def save(self, path: str) -> None:
        """Write the noise model to a file, in a thread."""
        model = self._model
        run(
            f"saving {Path(path).name}",
            once(lambda: _save_noise_model(model, path)),
            on_fail=self._on_save_failed,
        )

    def _on_library_clicked(self) -> None:
        self.words.say("")
        self.form.ask()

    def _on_save_clicked(self) -> None:
        ask_for_path(
            self,
            "Save noise model",
            self.save,
            NOISE_MODEL_FILES,
            save_as="camera.npz",
        )

    def _on_save_failed(self, problem: Problem) -> None:
        self.words.say(problem.text(), "bad")

    def _on_label_written(self, label: Label, overwrite: bool) -> None:
        report = self._session.noise_report
        self._library.save(self._model, label, report, overwrite=overwrite)

    def _on_name_taken(self, why_not: str) -> None:
        self.form.say(why_not, may_replace=True)

    def _on_saved(self, name: str) -> None:
        self.form.hide()
        self.words.say(f"{name} is in the library now.", "good")

    def _on_library_failed(self, text: str) -> None:
        if not self.form.isHidden():
            self.form.say(text)


def _save_noise_model(model: Any, path: str) -> None:
    from ..noise import save_noise_model

    save_noise_model(model, path)
