"""What lives as long as a widget, and what as long as a viewer."""

from __future__ import annotations

import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtCore import QObject

Companion = TypeVar("Companion")

_companions: dict[tuple[type, int], Any] = {}


def companion_of(viewer: Any, kind: type[Companion]) -> Companion:
    """Return the one `kind` of object that belongs to a viewer, made on first use.

    It outlives every dock, so that a training or a sampling goes on without one.

    Parameters
    ----------
    viewer : napari.Viewer
        Or napari's proxy of it: both give the same object.
    kind : type
        Called with the viewer.
    """
    owner = getattr(viewer, "__wrapped__", viewer)
    key = (kind, id(owner))
    if key not in _companions:
        _companions[key] = kind(owner)  # type: ignore[call-arg]
        weakref.finalize(owner, _companions.pop, key, None)
    found: Companion = _companions[key]
    return found


def connect_while(
    widget: QObject, connections: list[tuple[Any, Callable[..., Any]]]
) -> None:
    """Connect signals of things that outlive `widget`, until Qt destroys it.

    Parameters
    ----------
    widget : QObject
        Whose slots they are.
    connections : list of (signal, slot)
        Signals of the session, of napari or of Qt.
    """

    def undo() -> None:
        for signal, slot in connections:
            # Qt has undone its own connections by then, and says so.
            with suppress(TypeError, RuntimeError):
                signal.disconnect(slot)

    for signal, slot in connections:
        signal.connect(slot)
    widget.destroyed.connect(undo)
