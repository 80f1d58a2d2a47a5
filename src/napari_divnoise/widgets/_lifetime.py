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
    """Connect events of things that outlive `widget`, until Qt destroys it.

    Parameters
    ----------
    widget : QObject
        Whose slots they are.
    connections : list of (event, slot)
        Events of the session or of napari. Not Qt's signals: Qt undoes those itself,
        and it is too late to touch them when a widget is being destroyed.
    """

    def undo() -> None:
        for signal, slot in connections:
            # At the end of the program the other side may have gone first.
            with suppress(TypeError, ValueError, RuntimeError):
                signal.disconnect(slot)

    for signal, slot in connections:
        signal.connect(slot)
    widget.destroyed.connect(undo)
