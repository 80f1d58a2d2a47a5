"""The training: a process of its own, watched from a thread of napari.

The process is the command line itself, ``python -m napari_divnoise train --config
RUN/run.yaml --json``; it is watched through its run folder alone. So the window never
waits for it, it can outlive napari, and a crash of either side loses nothing. Where no
process can be started, the same generator trains in the thread.
"""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ._errors import ReportedError, TrainerDiedError
from ._processes import can_start_processes, last_words, start_process

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Generator
    from pathlib import Path

    from ..images import ImageStack
    from ..noise import NoiseModel
    from ..runs import Model, RunConfig, RunFolder
    from ..session import Source

POLL_S = 0.1
WORDS_FILE = "trainer.txt"
Event = dict[str, Any]

# By run folder, detached ones too: their end is noticed if they are watched again.
_started: dict[Path, subprocess.Popen[bytes]] = {}
Mode = Literal["new", "resume", "attach"]


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What is to be trained.

    Attributes
    ----------
    run : Path
        Its folder.
    mode : str
        "new", "resume" a stopped one, or "attach" to one that is running.
    config : RunConfig or None
        Without the pixels' path where `images` are handed over; ``None`` unless new.
    images : ImageStack or None
        Pixels that the run folder is given; ``None`` if `config` names files.
    noise_model : NoiseModel, "learn" or None
        What the run is given.
    source : Source or None
        Where a preview is shown.
    detached : bool
        Whether the process goes on when napari closes.
    in_process : bool
        Train in the watching thread: where `sys.executable` is no Python, as inside
        an application, no process can be started.
    enough : threading.Event
        Set it to end the training and keep what is best; it counts from the start,
        when there is no process yet to read a file named stop.
    """

    run: Path
    mode: Mode
    config: RunConfig | None = None
    images: ImageStack | None = None
    noise_model: NoiseModel | Literal["learn"] | None = None
    source: Source | None = None
    detached: bool = True
    in_process: bool = field(default_factory=lambda: not can_start_processes())
    enough: threading.Event = field(default_factory=threading.Event)


def train(order: Order, news: deque[Event]) -> Generator[None, None, Model | None]:
    """Start or find the training, and put its events into `news` until it ends.

    Yields ten times a second. Closing it, as a closing napari does, leaves a detached
    process alone and asks another one to stop and keep what is best.

    Returns
    -------
    Model or None
        The trained model; ``None`` if the training ended before there was one.

    Raises
    ------
    RunExistsError, StorageError, ValueError
        While preparing the run folder.
    ReportedError
        If the training failed and said why.
    TrainerDiedError
        If the process vanished.
    """
    from ..runs import RunFolder, load_model

    folder = RunFolder(order.run)
    folder.clear_requests()
    yield None
    if order.mode == "new":
        _prepare(order, folder)
        yield None
    if order.enough.is_set() and order.mode != "attach":
        return None
    skip = len(folder.events()) if order.mode == "resume" else 0
    try:
        if order.mode == "attach":
            watching = _watch(folder, _started.get(folder.path), news, skip)
        elif order.in_process:
            watching = _train_here(folder, order.mode, news, skip)
        else:
            process = _started[folder.path] = _launch(folder, order.mode)
            watching = _watch(folder, process, news, skip)
        for _ in watching:
            if order.enough.is_set() and not folder.stop_requested:
                folder.request_stop()
                folder.request_continue()
            yield None
    except GeneratorExit:
        if not order.detached:
            folder.request_stop()
        raise
    return load_model(order.run) if folder.model_path.exists() else None


def _prepare(order: Order, folder: RunFolder) -> None:
    """Write everything that the training needs into its folder."""
    from ..noise import save_noise_model
    from ..runs.previews import structured_region

    config = order.config
    if config is None:
        raise ValueError("a new run needs a config, got None")
    folder.create(config)
    changes: dict[str, Any] = {}
    if order.images is not None:
        pixels = order.images.data[:, 0]
        changes["images"] = (str(folder.hand_over(pixels)),)
        changes["axes"], changes["channel"] = "NYX", None
        changes["preview_region"] = structured_region(pixels[0])
    if order.noise_model == "learn":
        changes["noise_model"] = "learn"
    elif order.noise_model is not None:
        save_noise_model(order.noise_model, folder.noise_model_path)
        changes["noise_model"] = str(folder.noise_model_path)
    folder.create(config.model_copy(update=changes))


def _launch(folder: RunFolder, mode: Mode) -> subprocess.Popen[bytes]:
    """Start the command line on the run folder, free of this process's fate."""
    arguments = ["train", "--json", "--config", str(folder.config_path)]
    arguments += ["--resume"] if mode == "resume" else []
    words = folder.path / WORDS_FILE
    return start_process(arguments, says=None, words=words, outlives=True)


def _train_here(
    folder: RunFolder, mode: Mode, news: deque[Event], skip: int
) -> Generator[None, None, None]:
    """Train in this thread; the run folder is written and read all the same."""
    from ..runs import RunConfig, train_run

    previews, written = _Previews(folder.path), folder.follow()
    config = RunConfig.from_yaml(folder.config_path)
    with closing(train_run(config, folder, resume=mode == "resume")) as training:
        for _ in training:
            events = next(written)
            new, skip = events[skip:], max(skip - len(events), 0)
            news.extend(previews.completed(event) for event in new)
            yield None
    news.extend(previews.completed(event) for event in next(written))


def _watch(
    folder: RunFolder,
    process: subprocess.Popen[bytes] | None,
    news: deque[Event],
    skip: int,
) -> Generator[None, None, None]:
    """Pass events on until one says that the training has ended."""
    previews = _Previews(folder.path)
    for events in folder.follow():
        new, skip = events[skip:], max(skip - len(events), 0)
        for event in new:
            if event["event"] in ("finished", "failed"):
                _reap(process)
            if event["event"] == "failed":
                raise ReportedError(event["error"])
            news.append(previews.completed(event))
            if event["event"] == "finished":
                return
        # It may have written its last words between our two looks.
        is_over = folder.state in ("finished", "stopped", "failed")
        if not events and not is_over and not _is_alive(folder, process):
            raise _death(folder, process)
        yield None
        time.sleep(POLL_S)


def _is_alive(folder: RunFolder, process: subprocess.Popen[bytes] | None) -> bool:
    if process is not None:
        return process.poll() is None
    return folder.state in ("running", "paused")


def _reap(process: subprocess.Popen[bytes] | None) -> None:
    """Wait for an ending process, so that it leaves no zombie."""
    if process is not None:
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.terminate()


def _death(
    folder: RunFolder, process: subprocess.Popen[bytes] | None
) -> TrainerDiedError:
    return TrainerDiedError(
        None if process is None else process.returncode,
        last_words(folder.log_path, folder.path / WORDS_FILE),
        has_checkpoint=folder.checkpoint_path.exists(),
    )


class _Previews:
    """Stacks the previews of a run: ``(epoch, view, Y, X)``."""

    def __init__(self, run: Path) -> None:
        self._run = run
        self._views: list[np.ndarray[Any, Any]] = []

    def completed(self, event: Event) -> Event:
        """Return a preview event with all views so far; others as they are."""
        if event["event"] != "preview":
            return event
        try:
            self._views.append(np.load(self._run / event["path"], allow_pickle=False))
        except (OSError, ValueError):
            return {"event": "message", "text": "A preview could not be read."}
        return {**event, "views": np.stack(self._views)}
