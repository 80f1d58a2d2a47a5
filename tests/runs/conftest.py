"""A scene, settings and a model so small that training takes a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_divnoise import Model

TINY: dict[str, Any] = {
    "preset": "quick",
    "n_steps": 12,
    "batch_size": 2,
    "patch_size": 32,
    "n_filters": 4,
    "z_channels": 4,
    "validate_every": 5,
    "validation_fraction": 0.0,
    "device": "cpu",
    "precision": "float32",
    "max_minutes": 10.0,
}


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small lose more than they gain by waiting for a second thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_images(n: int = 1, size: int = 64, seed: int = 0) -> np.ndarray[Any, Any]:
    """Return ``(n, size, size)`` uint16: discs on a background, with Poisson noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    disc = np.hypot(y - 0.6 * size, x - 0.4 * size) < size / 5
    signal = 20 + 60 * disc
    return (100 + rng.poisson(signal, (n, size, size))).astype(np.uint16)


@pytest.fixture
def tiny() -> dict[str, Any]:
    """Settings of a training that takes less than a second."""
    return dict(TINY)


@pytest.fixture(scope="session")
def images() -> np.ndarray[Any, Any]:
    """Two noisy images, ``(2, 64, 64)`` uint16; not to be written to."""
    pixels = make_images(2)
    pixels.setflags(write=False)
    return pixels


@pytest.fixture(scope="session")
def model(images: np.ndarray[Any, Any]) -> Model:
    """A model that has hardly learnt anything, but is one."""
    from napari_divnoise import fit

    return fit(images, noise_model="learn", **TINY)
