"""The model that denoises: what it is, where it comes from, and another one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal

from ._files import ask_for_path
from ._lifetime import connect_while_alive
from ._methods import METHODS
from ._parts import Card, Words, button, row

if TYPE_CHECKING:
    from ..runs import Model
    from ..session import Session

MODEL_FILES = "DivNoise models (*.divnoise);;All files (*)"


class ModelCard(Card):
    """Shows the session's model; another one can be opened from a file.

    Signals
    -------
    fileChosen(Path)
        The person wants this one.
    """

    fileChosen = Signal(object)

    def __init__(self, session: Session) -> None:
        self._words = Words()
        self._noise = Words(tone="quiet")
        browse = button("Open model...", "denoise.browse", "link")
        super().__init__(self._words, self._noise, row(browse, None))
        browse.clicked.connect(self._on_browse_clicked)
        connect_while_alive([(session.events.model, self._on_model_changed)])
        self._on_model_changed(session.model)

    def _on_browse_clicked(self) -> None:
        ask_for_path(self, "Open model", self._on_path_chosen, MODEL_FILES)

    def _on_path_chosen(self, path: str) -> None:
        self.fileChosen.emit(Path(path))

    def _on_model_changed(self, model: Model | None) -> None:
        if model is None:
            self._words.say("No model yet: train one, or open a file.", "quiet")
            self._noise.say("")
            return
        self._words.say(model_words(model))
        noise = model.noise_model
        self._noise.say("" if noise is None else f"Noise: {noise.describe()}", "quiet")


def model_words(model: Any) -> str:
    """Say in a line what a model is and where it comes from."""
    config, record = model.config, model.record
    parts = [f"{METHODS.get(config.method, config.method)}, depth {config.depth}"]
    steps = record.get("step", record.get("steps"))
    if steps:
        parts.append(f"{steps:,} steps")
    if record.get("validation_loss") is not None:
        parts.append(f"validation {record['validation_loss']:.3f} nats per pixel")
    if record.get("date"):
        parts.append(str(record["date"])[:10])
    return ", ".join(parts)
