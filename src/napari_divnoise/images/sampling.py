"""A bounded look at the pixels of images of any size."""

from __future__ import annotations

from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from .stack import ImageStack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .stack import PixelArray

_MAX_PIXELS = 1 << 22
_MIN_WINDOWS = 32
_MAX_WINDOWS = 1024
_MAX_READ = 1 << 25
_WINDOW_SIZE = 1024


def sample_pixels(
    images: ImageStack | PixelArray, *, seed: int = 0, max_pixels: int = _MAX_PIXELS
) -> Iterator[np.ndarray[Any, Any]]:
    """Yield pixels of images, window by window, `max_pixels` at most in all.

    Every pixel if there are no more than that; else random pixels of random windows
    of up to 1024x1024, spread evenly over the images. The same seed gives the same
    pixels. No window is read before it is asked for.

    Parameters
    ----------
    images : ImageStack or array
        ``(..., Y, X)``, camera units.
    seed : int
        Chooses the windows and the pixels in them.
    max_pixels : int
        Upper limit of the number of pixels.

    Yields
    ------
    ndarray
        One-dimensional, of the images' own dtype.

    Raises
    ------
    ValueError
        If there are no pixels.
    """
    data = images.data if isinstance(images, ImageStack) else images
    if len(data.shape) < 2 or prod(data.shape) == 0:
        raise ValueError(
            f"images are (..., Y, X) with 1 pixel or more, got shape {data.shape}"
        )
    if prod(data.shape) <= max_pixels:
        yield np.asarray(data).ravel()
        return
    rng = np.random.default_rng(seed)
    windows = list(_random_windows(data.shape, rng))
    n_wanted = max(1, max_pixels // len(windows))
    for window in windows:
        pixels = np.asarray(data[window]).ravel()
        if pixels.size > n_wanted:
            pixels = pixels[rng.integers(pixels.size, size=n_wanted)]
        yield pixels


def _random_windows(
    shape: tuple[int, ...], rng: np.random.Generator
) -> Iterator[tuple[Any, ...]]:
    """Yield indices of windows: one per stretch of images, or several in each."""
    n_planes = prod(shape[:-2])
    size = [min(length, _WINDOW_SIZE) for length in shape[-2:]]
    # Images of a stack differ: better a few pixels of many than many of a few.
    n_windows = max(_MIN_WINDOWS, min(_MAX_READ // prod(size), _MAX_WINDOWS))
    if prod(size) == prod(shape[-2:]):
        n_windows = min(n_windows, n_planes)
    for low, high in pairwise(np.linspace(0, n_planes, n_windows + 1)):
        plane = min(int(rng.uniform(low, high)), n_planes - 1)
        corner = [
            int(rng.integers(length - part + 1))
            for length, part in zip(shape[-2:], size, strict=True)
        ]
        cut = (slice(a, a + part) for a, part in zip(corner, size, strict=True))
        yield (*np.unravel_index(plane, shape[:-2]), *cut)
