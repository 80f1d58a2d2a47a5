"""The session announces each change once, and outlives what it was made from."""

from __future__ import annotations

import gc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from napari_divnoise.session import Inbox, Session, Source, Training, session_of


class Viewer:
    """Stands for a viewer: can be weakly referenced, and has a proxy."""


def layer(**changes: Any) -> Any:
    facts = {
        "name": "cells",
        "ndim": 2,
        "scale": np.array([0.1, 0.1]),
        "translate": np.zeros(2),
        "rotate": np.eye(2),
        "shear": np.zeros(1),
        "affine": np.eye(3),
        "units": ("um", "um"),
        "axis_labels": ("y", "x"),
        "contrast_limits": [0, 100],
    }
    return type("Layer", (), {**facts, **changes})()


def test_every_change_is_announced_once_with_the_new_value() -> None:
    session, heard = Session(), []
    session.events.method.connect(heard.append)
    session.method = "vae"
    session.method = "vae"
    assert heard == ["vae"]


def test_arrays_are_compared_by_identity() -> None:
    session, heard = Session(), []
    session.events.images.connect(heard.append)
    first, second = np.zeros(3), np.zeros(3)
    session.images = first  # type: ignore[assignment]
    session.images = first  # type: ignore[assignment]
    session.images = second  # type: ignore[assignment]
    assert [
        item is expected for item, expected in zip(heard, [first, second], strict=True)
    ] == [
        True,
        True,
    ]


def test_a_viewer_and_its_proxy_have_the_same_session() -> None:
    viewer = Viewer()
    proxy = SimpleNamespace(__wrapped__=viewer)
    assert session_of(viewer) is session_of(proxy)
    assert session_of(viewer) is not session_of(Viewer())


def test_a_session_goes_with_its_viewer() -> None:
    from napari_divnoise.session import _sessions

    viewer = Viewer()
    session_of(viewer)
    key = id(viewer)
    assert key in _sessions
    del viewer
    gc.collect()
    assert key not in _sessions


def test_a_source_remembers_the_place_of_a_layer_that_is_deleted() -> None:
    cells = layer(scale=np.array([0.2, 0.3]))
    source = Source.of_layer(cells, n_images=4, corner=(8, 16))
    del cells
    gc.collect()
    assert source.layer is not None
    assert source.layer() is None
    assert tuple(source.scale) == (0.2, 0.3)
    assert (source.name, source.n_images, source.corner) == ("cells", 4, (8, 16))


def test_a_training_is_active_until_it_has_ended() -> None:
    assert not Training().is_active
    assert Training("preparing").is_active
    assert Training("paused").is_active
    assert not Training("ended", "done").is_active


def test_the_inbox_keeps_a_file_until_somebody_takes_it() -> None:
    inbox = Inbox()
    assert not inbox.put(Path("a.divnoise"))
    assert inbox.take() == [Path("a.divnoise")]
    assert inbox.take() == []


def test_the_inbox_tells_whether_somebody_took_a_file() -> None:
    inbox, taken = Inbox(), []
    inbox.received.connect(lambda _path: taken.extend(inbox.take()))
    assert inbox.put(Path("a.divnoise"))
    assert taken == [Path("a.divnoise")]
