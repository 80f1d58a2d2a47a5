"""What lives as long as a widget, and what as long as a viewer."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, TypeVar

from qtpy.compat import isalive

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


def connect_while_alive(connections: list[tuple[Any, Callable[[Any], object]]]) -> None:
    """Connect events of the session or of napari to methods of widgets.

    Those events know nothing of Qt, and would call a widget whose dock was closed.
    Each connection undoes itself at the first event after that. (To undo it when Qt
    destroys the widget is too late at the end of a program: Python is half gone then.)

    Parameters
    ----------
    connections : list of (event, method)
        The method of a QObject is given the event's first value.
    """
    for event, method in connections:
        event.connect(_guarded(event, method))


def _guarded(event: Any, method: Callable[[Any], object]) -> Callable[..., None]:
    find = weakref.WeakMethod(method)

    def call(value: Any = None, *_rest: Any) -> None:
        found: Any = find()
        if found is None or not is_alive(found.__self__):
            event.disconnect(call)
            return
        found(value)

    return call


def is_alive(thing: QObject) -> bool:
    """Whether Qt's half of an object is still there."""
    return bool(isalive(thing))  # type: ignore[no-untyped-call]  # qtpy has none
