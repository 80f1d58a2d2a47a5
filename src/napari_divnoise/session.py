"""What the panels share: one session per viewer, announcing its changes. No Qt.

Panels never hold references to one another: each writes what it decides into the
session and redraws what it reads there. The session outlives a closed dock, so that
opening the dock again shows what is going on.
"""

from __future__ import annotations

import operator
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from psygnal import Signal, SignalGroupDescriptor

if TYPE_CHECKING:
    from .images import ImageStack, NoiseReport
    from .noise import NoiseModel
    from .runs import Model, Posterior
    from .training import Progress

Activity = Literal["idle", "preparing", "running", "paused", "stopping", "ended"]

# Everything that has geometry in napari and that a result takes over.
_GEOMETRY = (
    "name",
    "ndim",
    "scale",
    "translate",
    "rotate",
    "shear",
    "affine",
    "units",
    "axis_labels",
    "contrast_limits",
)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where an image came from, remembered so that results land there.

    It has the attributes of the layer that place it in space, copied: results can be
    added even if the layer has been deleted meanwhile.

    Attributes
    ----------
    name : str
        Name of the layer or file.
    layer : weakref or None
        The layer itself, while it lives; ``None`` for a file.
    n_images : int
        How many images of the session's stack came from here.
    corner : tuple of int
        Row and column of the first pixel that was taken.
    """

    name: str
    ndim: int
    scale: Any
    translate: Any
    rotate: Any
    shear: Any
    affine: Any
    units: Any
    axis_labels: Any
    contrast_limits: Any
    layer: weakref.ref[Any] | None = None
    n_images: int = 1
    corner: tuple[int, int] = (0, 0)

    @classmethod
    def of_layer(
        cls, layer: Any, *, n_images: int = 1, corner: tuple[int, int] = (0, 0)
    ) -> Source:
        """Remember a layer of napari, or anything with the same attributes."""
        owner = getattr(layer, "__wrapped__", layer)
        facts = {name: getattr(owner, name) for name in _GEOMETRY}
        layer = weakref.ref(owner)
        return cls(**facts, layer=layer, n_images=n_images, corner=corner)


@dataclass(frozen=True, slots=True)
class Training:
    """What the training is doing.

    Attributes
    ----------
    activity : str
        "idle" before the first, "ended" after one; in between what it does.
    outcome : str
        Once ended: "done", "stopped", "discarded" or "failed".
    progress : Progress or None
        The newest report.
    message : str
        A sentence worth showing: a remedy that was applied, a health warning.
    has_model : bool
        Whether the run folder holds a network that can be used already.
    """

    activity: Activity = "idle"
    outcome: Literal["", "done", "stopped", "discarded", "failed"] = ""
    progress: Progress | None = None
    message: str = ""
    has_model: bool = False

    @property
    def is_active(self) -> bool:
        """Whether there is something to pause or stop."""
        return self.activity not in ("idle", "ended")


@dataclass(eq=False)
class Session:
    """What a person has chosen and made in one viewer.

    Every field announces its changes: ``session.events.images.connect(slot)``; the
    slot is given the new value.

    Attributes
    ----------
    images : ImageStack or None
        The chosen noisy images, one channel, camera units.
    sources : tuple of Source
        The layers or files that they came from, in the order of the images.
    axes : str
        One letter per dimension of the source.
    channel : int or None
        Which channel of the source, from 0; ``None`` if it has no channels.
    files : tuple of str
        Paths that the images were read from; empty if they came from layers.
    method : str
        One of `training.METHODS`.
    method_is_auto : bool
        Whether the noise decides which, rather than the person.
    noise_report : NoiseReport or None
        What the noise of the images is like; ``None`` while it is not known.
    noise_model : NoiseModel, "learn" or None
        "learn": found during training. ``None``: not decided yet.
    run : Path or None
        The folder of the training.
    training : Training
        What the training is doing.
    model : Model or None
        The trained network.
    posterior : Posterior or None
        Of the image that was denoised last.
    """

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor(
        # Arrays have no truth value: a field changes when it becomes another object.
        equality_operators=dict.fromkeys(
            (
                "images",
                "sources",
                "noise_report",
                "noise_model",
                "model",
                "posterior",
            ),
            operator.is_,
        ),
        connect_child_events=False,
    )

    images: ImageStack | None = None
    sources: tuple[Source, ...] = ()
    axes: str = ""
    channel: int | None = None
    files: tuple[str, ...] = ()
    method: str = "divnoising"
    method_is_auto: bool = True
    noise_report: NoiseReport | None = None
    noise_model: NoiseModel | Literal["learn"] | None = None
    run: Path | None = None
    training: Training = field(default_factory=Training)
    model: Model | None = None
    posterior: Posterior | None = None

    def __post_init__(self) -> None:
        """Begin with no curve; `history` grows silently, `training` announces it."""
        self.history: list[Progress] = []

    @property
    def known_noise_model(self) -> NoiseModel | None:
        """The noise model that there is: chosen, or learnt along in training."""
        chosen = self.noise_model
        if isinstance(chosen, str):
            return None if self.model is None else self.model.noise_model
        return chosen


class Inbox:
    """Files that were dropped on napari, until a dock takes them.

    Signals
    -------
    received(Path)
        A file has come in.
    """

    received = Signal(Path)

    def __init__(self) -> None:
        self._waiting: list[Path] = []

    def put(self, path: Path) -> bool:
        """Hand over a file; return whether somebody took it at once."""
        self._waiting.append(path)
        self.received.emit(path)
        return not self._waiting

    def take(self) -> list[Path]:
        """Return what waits, oldest first, and forget it."""
        waiting, self._waiting = self._waiting, []
        return waiting


inbox = Inbox()
"""Readers put dropped files here: they are not told which viewer it was."""

_sessions: dict[int, Session] = {}


def session_of(viewer: Any) -> Session:
    """Return the session of a viewer, made on first use.

    Parameters
    ----------
    viewer : napari.Viewer
        Or napari's proxy of it: both give the same session.
    """
    owner = getattr(viewer, "__wrapped__", viewer)
    if id(owner) not in _sessions:
        _sessions[id(owner)] = Session()
        weakref.finalize(owner, _sessions.pop, id(owner), None)
    return _sessions[id(owner)]
