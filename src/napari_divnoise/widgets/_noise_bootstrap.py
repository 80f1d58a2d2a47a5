"""A noise model from noisy images alone, made by a process of its own.

The process is the command line, ``python -m napari_divnoise noise-model bootstrap``,
on pixels that were put into a temporary folder. It writes what it has come to into
files there; a thread of napari watches them. So the window never waits for it, and it
ends with the page that wanted it. Where no process can be started, the same generator
runs in the thread.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import HelperDiedError, ReportedError
from ._noise_account import Account
from ._noise_fit import Fitted, Kind, Stand, finished
from ._processes import can_start_processes, end_process, last_words, start_process
from ._work import give_way

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Generator, Iterator

    import numpy.typing as npt

    from ..images import ImageStack

POLL_S = 0.05
GRACE_S = 0.7
"""How long the process may take to keep what is best; it is all in its files anyway."""
MOST_PLANES, LARGEST_EDGE = 16, 1024
"""What `bootstrap_noise_model` looks at: more need not be handed over."""
TOO_EARLY = (
    "it was stopped before there was a noise model: the first one comes after about a "
    "third of the time"
)
WORDS_FILE, EVENTS_FILE = "words.txt", "events.jsonl"


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """What is to be bootstrapped.

    Attributes
    ----------
    images : ImageStack
        Noisy images of one channel.
    kind : Kind
        The noise model.
    max_minutes : float
        How long the first denoising may be trained.
    in_process : bool
        Work in the watching thread: where `sys.executable` is no Python, no process
        can be started.
    enough : threading.Event
        Set it to end the work and keep what is best.
    """

    images: ImageStack
    kind: Kind = field(default_factory=Kind)
    max_minutes: float = 1.0
    in_process: bool = field(default_factory=lambda: not can_start_processes())
    enough: Event = field(default_factory=Event)


def bootstrap(order: Order) -> Generator[Stand | None, None, Fitted]:
    """Have a noise model made, and say twenty times a second how far it is.

    Closing the generator ends the process, and forgets what it made.

    Raises
    ------
    ValueError
        If it is stopped before there is a noise model.
    ReportedError
        If the process says why it cannot.
    HelperDiedError
        If the process vanishes.
    """
    give_way()
    yield Stand("Handing the images over")
    account = Account()
    steps = _here(order, account) if order.in_process else _beside(order, account)
    yield from steps
    if account.fitted is None:
        raise ValueError(TOO_EARLY)
    return finished(account.fitted, [])


def _beside(order: Order, account: Account) -> Iterator[Stand | None]:
    """Do it in a process, and watch its files."""
    from ..runs.files import write_pixels

    with tempfile.TemporaryDirectory(
        prefix="divnoise-noise-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        pixels = part_of(order.images, MOST_PLANES, LARGEST_EDGE)
        write_pixels(folder / "images.npy", pixels)
        yield None
        process = start_process(
            _arguments(order, folder),
            says=folder / EVENTS_FILE,
            words=folder / WORDS_FILE,
            outlives=False,
        )
        try:
            yield from _watch(order, folder, process, account)
        finally:
            end_process(process)


def _arguments(order: Order, folder: Path) -> list[str]:
    arguments = ["noise-model", "bootstrap", str(folder / "images.npy"), "--json"]
    options: dict[str, Any] = {
        "axes": "NYX",
        "out": folder / "noise_model.npz",
        "pairs": folder / "pairs.npz",
        "stop-file": folder / "stop",
        "max-minutes": order.max_minutes,
        "kind": order.kind.name,
    }
    settings = dict(order.kind.settings)
    if "seed" in settings:
        options["seed"] = settings.pop("seed")
    for option, value in options.items():
        arguments += [f"--{option}", str(value)]
    for name, value in settings.items():
        arguments += ["--set", f"{name}={value}"]
    return arguments


def part_of(images: ImageStack, most_planes: int, edge: int) -> npt.NDArray[Any]:
    """Return the middle of a few images, spread over the stack, ``(N, Y, X)``."""
    numbers = np.linspace(0, images.n_images - 1, most_planes).round().astype(int)
    starts = [max((length - edge) // 2, 0) for length in images.size]
    rows, columns = (slice(start, start + edge) for start in starts)
    return np.stack([images.plane(int(n))[rows, columns] for n in np.unique(numbers)])


def _watch(
    order: Order, folder: Path, process: subprocess.Popen[bytes], account: Account
) -> Iterator[Stand | None]:
    """Take in what the process writes, until it says that it has come to an end."""
    lines, deadline = _Lines(folder / EVENTS_FILE), float("inf")
    while time.monotonic() < deadline:
        is_over = process.poll() is not None
        events = lines.new()
        for event in events:
            if event["event"] in ("failed", "error"):
                raise ReportedError(str(event.get("error") or event.get("text")))
            if event["event"] == "progress":
                account.take(event)
        account.read(folder)
        if any(event["event"] == "result" for event in events):
            yield account.stand()
            return
        if is_over and not events:
            raise HelperDiedError(
                process.returncode,
                last_words(folder / WORDS_FILE),
                "the process that makes the noise model",
            )
        if order.enough.is_set() and deadline == float("inf"):
            (folder / "stop").touch()
            deadline = time.monotonic() + GRACE_S
        yield account.stand() if events else None
        time.sleep(POLL_S)


def _here(order: Order, account: Account) -> Iterator[Stand | None]:
    """Do it in this thread."""
    from ..runs import bootstrapping_noise_model

    steps = bootstrapping_noise_model(
        order.images,
        kind=order.kind.name,
        max_minutes=order.max_minutes,
        **dict(order.kind.settings),
    )
    for step in steps:
        account.take({name: getattr(step, name) for name in _FACTS})
        if step.noise_model is not None and step.pairs is not None:
            account.show(step.noise_model, step.pairs)
        yield account.stand()
        if order.enough.is_set():
            return


_FACTS = ("stage", "fraction", "eta_s", "loss", "nll")


class _Lines:
    """Reads a growing file of JSON, one object a line."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0

    def new(self) -> list[dict[str, Any]]:
        """Return the objects whose lines were completed since the last call."""
        with self._path.open("rb") as file:
            file.seek(self._at)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._at += len(whole)
        return [json.loads(line) for line in whole.splitlines() if line.strip()]
