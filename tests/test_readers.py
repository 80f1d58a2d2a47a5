"""Our files are taken, other people's .npz files are left to others, no torch."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_divnoise.readers import get_reader
from napari_divnoise.session import inbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _empty_inbox() -> Iterator[None]:
    inbox.take()
    yield
    inbox.take()


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A noise model as the published tools write it."""
    path = tmp_path / "gmm.npz"
    np.savez(
        path,
        trained_weight=np.zeros((9, 2)),
        min_signal=np.zeros(1),
        max_signal=np.ones(1),
        min_sigma=50.0,
    )
    return path


def test_a_published_noise_model_is_ours(published: Path) -> None:
    assert get_reader(str(published)) is not None
    assert get_reader([str(published), str(published)]) is not None


def test_our_own_noise_model_is_ours(tmp_path: Path) -> None:
    from napari_divnoise.noise import GaussianNoiseModel, save_noise_model

    path = save_noise_model(
        GaussianNoiseModel(1.0, 0.0, 1.0, (0.0, 9.0)), tmp_path / "camera"
    )
    assert get_reader(str(path)) is not None


def test_other_archives_are_left_to_others(tmp_path: Path, published: Path) -> None:
    other = tmp_path / "other.npz"
    np.savez(other, weights=np.zeros(3))
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK no zip at all")
    assert get_reader(str(other)) is None
    assert get_reader(str(broken)) is None
    assert get_reader(str(tmp_path / "nowhere.npz")) is None
    assert get_reader([str(published), str(other)]) is None
    assert get_reader([]) is None


def test_a_model_makes_no_layer_and_waits_for_a_dock(tmp_path: Path) -> None:
    path = tmp_path / "cells.divnoise"
    reader = get_reader(str(path))
    assert reader is not None
    with pytest.warns(UserWarning, match=r"cells\.divnoise is ready: open Plugins"):
        assert reader(str(path)) == [(None,)]
    assert inbox.take() == [path]


def test_an_open_dock_takes_the_file_without_a_word(tmp_path: Path) -> None:
    taken: list[Path] = []

    def take(_path: Path) -> None:
        taken.extend(inbox.take())

    inbox.received.connect(take)
    try:
        reader = get_reader(str(tmp_path / "cells.divnoise"))
        assert reader is not None
        reader(str(tmp_path / "cells.divnoise"))
    finally:
        inbox.received.disconnect(take)
    assert taken == [tmp_path / "cells.divnoise"]


def test_reading_loads_no_torch(published: Path) -> None:
    code = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        "from napari_divnoise.readers import get_reader\n"
        f"get_reader({str(published)!r})({str(published)!r})\n"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_published_histogram_is_ours_and_other_arrays_are_not(tmp_path: Path) -> None:
    edges = np.linspace(0, 100, 11)
    lower, upper = (
        np.repeat(side[:, None], 10, axis=1) for side in (edges[:-1], edges[1:])
    )
    np.save(tmp_path / "histogram.npy", np.stack([np.eye(10), lower, upper]))
    np.save(tmp_path / "film.npy", np.random.default_rng(0).random((3, 10, 10)))
    np.save(tmp_path / "image.npy", np.zeros((64, 64)))
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY")
    assert get_reader(str(tmp_path / "histogram.npy")) is not None
    for name in ("film", "image", "broken"):
        assert get_reader(str(tmp_path / f"{name}.npy")) is None
