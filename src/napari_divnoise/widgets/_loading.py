"""A model or noise model from a file into the session, without stopping the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from ..session import inbox
from ._lifetime import connect_while_alive
from ._work import once, run

if TYPE_CHECKING:
    from pathlib import Path

    from ..noise import NoiseModel
    from ..runs import Model
    from ..session import Session
    from ._errors import Problem
    from ._work import Work


class Loader(QObject):
    """Opens files in a thread and puts what is in them into the session.

    Signals
    -------
    loaded(str)
        "model" or "noise model": it is in the session now.
    failed(Problem)
        The file is damaged, foreign, or of another version.
    """

    loaded = Signal(str)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        connect_while_alive([(inbox.received, self._on_file_received)])

    def take_waiting(self) -> None:
        """Open what was dropped on napari before there was a dock."""
        for path in inbox.take():
            self.load(path)

    def load(self, path: Path) -> Work:
        """Open a ``*.divnoise`` model, a run folder, or a noise model."""
        is_noise_model = path.suffix in (".npz", ".npy")
        open_file = _open_noise_model if is_noise_model else _open_model
        # Methods of a QObject: should the dock be closed meanwhile, Qt forgets them.
        return run(
            f"opening {path.name}",
            once(lambda: open_file(path)),
            on_return=self._put_noise_model if is_noise_model else self._put_model,
            on_fail=self._tell,
        )

    def _tell(self, problem: Problem) -> None:
        self.failed.emit(problem)

    def _put_model(self, model: Model) -> None:
        self._session.model = model
        if model.noise_model is not None:
            self._session.noise_model = model.noise_model
        self.loaded.emit("model")

    def _put_noise_model(self, noise_model: NoiseModel) -> None:
        self._session.noise_model = noise_model
        self.loaded.emit("noise model")

    def _on_file_received(self, _path: Path) -> None:
        self.take_waiting()


def _open_model(path: Path) -> Any:
    from ..runs import load_model

    return load_model(path)


def _open_noise_model(path: Path) -> Any:
    from ..noise import load_noise_model

    return load_noise_model(path)
