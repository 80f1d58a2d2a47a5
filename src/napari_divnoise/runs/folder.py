"""A run's folder: everything that one training leaves on disk, and how it is watched.

========================== =====================================================
``run.yaml``               what was asked for (`RunConfig`)
``provenance.json``        versions, device, seed, hash of the data, all settings
``events.jsonl``           what happened, one JSON object per line (`events`)
``log.txt``                the same in sentences, with the traceback of a failure
``checkpoint.safetensors`` everything that going on needs
``model.divnoise``         the best network so far, and the last word at the end
``previews/NNNN.npy``      ``(4, Y, X)`` float32: noisy, mean, two samples; N2V: 2
``images.npy``             pixels handed over by a viewer, read without copying
``noise_model.npz``        the noise model that training was given
``stop``, ``pause``        while such a file exists the training stops, or waits
========================== =====================================================
"""

from __future__ import annotations

import json
import traceback
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .events import Event, EventLog, now, to_json
from .files import explain, write_pixels, write_whole
from .locking import is_locked, locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from .config import RunConfig

State = Literal[
    "empty", "ready", "running", "paused", "stopped", "finished", "failed", "broken off"
]


class RunExistsError(FileExistsError):
    """The run folder already holds a run."""


class RunFolder:
    """The folder of one training, for the training itself and for those who watch.

    Parameters
    ----------
    path : str or Path
        The folder. Nothing is made before `create`.
    echo : callable, optional
        Called with every event that is announced, after it is on disk.

    Attributes
    ----------
    path : Path
        The folder.
    """

    def __init__(
        self, path: str | Path, *, echo: Callable[[Event], None] | None = None
    ) -> None:
        self.path = Path(path).expanduser()
        self._echo = echo
        self.config_path = self.path / "run.yaml"
        self.provenance_path = self.path / "provenance.json"
        self.events_path = self.path / "events.jsonl"
        self.log_path = self.path / "log.txt"
        self.checkpoint_path = self.path / "checkpoint.safetensors"
        self.model_path = self.path / "model.divnoise"
        self.previews_path = self.path / "previews"
        self.images_path = self.path / "images.npy"
        self.noise_model_path = self.path / "noise_model.npz"
        self._stop_path = self.path / "stop"
        self._pause_path = self.path / "pause"
        self._lock_path = self.path / "lock"
        self._log = EventLog(self.events_path)

    def __repr__(self) -> str:
        """Name the folder."""
        return f"RunFolder({str(self.path)!r})"

    @property
    def holds_a_run(self) -> bool:
        """Whether a training has begun here: then it is resumed, or overwritten.

        One that failed before its first step has not begun, and is in nobody's way.
        """
        if self.checkpoint_path.exists() or self.model_path.exists():
            return True
        return bool(self._log.first().get("event", "failed") != "failed")

    def create(self, config: RunConfig, *, overwrite: bool = False) -> None:
        """Make the folder and write ``run.yaml``.

        Parameters
        ----------
        config : RunConfig
            What is to be trained.
        overwrite : bool
            Remove what an earlier run left here. Files that are not a run's own, and
            the pixels a viewer handed over, stay.

        Raises
        ------
        RunExistsError
            If a run has begun here and `overwrite` is not set.
        StorageError
            If the folder cannot be written.
        """
        if self.holds_a_run and not overwrite:
            raise RunExistsError(
                f"{self.path} already holds a run ({self._last_state}): go on with it "
                "(--resume, resume=True), replace it (--overwrite, overwrite=True), "
                "or choose another folder"
            )
        try:
            self.previews_path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain(error, self.path) from error
        if self.holds_a_run:
            self.clear_requests()
        self._clear()
        kept = config.seen_from(self.path)
        write_whole(self.config_path, kept.to_yaml().encode())

    def _clear(self) -> None:
        """Remove what a run wrote, and nothing else."""
        for path in (
            self.provenance_path,
            self.events_path,
            self.log_path,
            self.checkpoint_path,
            self.model_path,
            *self.previews_path.glob("[0-9]*.npy"),
        ):
            path.unlink(missing_ok=True)

    def hand_over(self, pixels: Any) -> Path:
        """Write the pixels of a layer to ``images.npy``, plane by plane.

        Parameters
        ----------
        pixels : array-like of shape (..., Y, X)
            Anything with ``shape`` and ``dtype`` that is indexed like numpy: lazy
            arrays are never computed whole.

        Returns
        -------
        Path
            ``images.npy``, to be opened as a memory map.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        write_pixels(self.images_path, pixels)
        return self.images_path

    def locked(self) -> AbstractContextManager[None]:
        """Keep other writers out for the length of a ``with`` block.

        Raises
        ------
        LockedError
            If another training writes here.
        StorageError
            If the folder cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain(error, self.path) from error
        return locked(self._lock_path)

    def announce(self, event: str, **facts: Any) -> None:
        """Append one event to ``events.jsonl`` and tell whoever listens.

        Raises
        ------
        StorageError
            If the line cannot be written.
        """
        line = {"event": event, "time": now(), **facts}
        self._log.append(line)
        self._repeat(line)

    def tell(self, event: str, **facts: Any) -> None:
        """Tell whoever listens, without writing to disk."""
        self._repeat({"event": event, "time": now(), **facts})

    def announce_failure(self, error: Exception) -> None:
        """Write down why a training failed; the error itself goes to listeners."""
        self.log("".join(traceback.format_exception(error)).rstrip())
        with suppress(OSError):
            self._log.append({"event": "failed", "time": now(), "error": str(error)})

    def _repeat(self, event: Event) -> None:
        if self._echo is not None:
            self._echo(event)

    def log(self, text: str) -> None:
        """Append a dated sentence to ``log.txt``; a full disk is passed over."""
        with suppress(OSError), self.log_path.open("a", encoding="utf-8") as file:
            file.write(f"{now()}  {text}\n")

    def write_provenance(self, facts: dict[str, Any]) -> None:
        """Write ``provenance.json``."""
        write_whole(self.provenance_path, (to_json(facts, indent=2) + "\n").encode())

    def write_preview(self, number: int, views: np.ndarray) -> Path:
        """Write preview `number`: ``(V, Y, X)`` noisy, mean, and samples."""
        path = self.previews_path / f"{number:04d}.npy"
        write_pixels(path, views)
        return path

    @property
    def state(self) -> State:
        """What the run is doing: read from the lock and the last event.

        "empty" has no ``run.yaml``, "ready" has not begun, "broken off" was killed:
        it can be resumed, as "stopped" can.
        """
        if is_locked(self._lock_path):
            is_paused = self._log.last().get("event") == "paused"
            return "paused" if is_paused else "running"
        return self._last_state

    @property
    def _last_state(self) -> State:
        """The state if nobody is writing."""
        last = self._log.last()
        if last.get("event") == "failed":
            return "failed"
        if last.get("event") == "finished":
            return "stopped" if last.get("reason") == "stopped" else "finished"
        if self.holds_a_run:
            return "broken off"
        return "ready" if self.config_path.exists() else "empty"

    def events(self) -> list[Event]:
        """All events so far; a line cut short by a crash is left out."""
        return next(self.follow())

    def follow(self) -> Iterator[list[Event]]:
        """Yield the events that are new since the last ``next``, for ever.

        A watcher calls ``next`` as often as it likes; it never waits.
        """
        return self._log.follow()

    def previews(self) -> list[Path]:
        """All previews, oldest first."""
        return sorted(self.previews_path.glob("[0-9]*.npy"))

    def provenance(self) -> dict[str, Any]:
        """Return what ``provenance.json`` holds; nothing before the run begins."""
        try:
            facts = json.loads(self.provenance_path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    def describe(self) -> dict[str, Any]:
        """Say what the run is, for ``divnoise info``."""
        facts: dict[str, Any] = {
            "kind": "run",
            "path": str(self.path),
            "state": self.state,
        }
        facts |= self.provenance()
        last = self._log.last()
        return facts | {name: last[name] for name in ("step", "error") if name in last}

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked the training to stop and keep what is best."""
        return self._stop_path.exists()

    @property
    def pause_requested(self) -> bool:
        """Whether somebody asked the training to wait."""
        return self._pause_path.exists()

    def request_stop(self) -> None:
        """Ask the training, in whatever process, to stop and keep what is best."""
        self._stop_path.touch()

    def request_pause(self) -> None:
        """Ask the training to wait until `request_continue`."""
        self._pause_path.touch()

    def request_continue(self) -> None:
        """Take back `request_pause`."""
        self._pause_path.unlink(missing_ok=True)

    def clear_requests(self) -> None:
        """Take back every request: the training has done what was asked."""
        self._stop_path.unlink(missing_ok=True)
        self._pause_path.unlink(missing_ok=True)
