"""Was an image compressed as a JPEG? Its cosine coefficients then come in steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import fft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_N_BLOCKS = 768
_FIRST = 3
"""Coefficients from here on along both axes hold little structure."""
_COARSE = np.geomspace(0.6, 2.0, 10)
_FINE = np.geomspace(0.4, 2.0, 41)
"""Sizes of the step that are tried, in standard deviations of the coefficients."""


class JpegTrace(NamedTuple):
    """How much the coefficients of 8x8 blocks come in steps.

    Attributes
    ----------
    strength : float
        0 for an image that never was a JPEG; 1 where nothing is between the steps.
        Steps that are much finer than the noise leave no trace, and do no harm.
    chance : float
        What this is by chance, about.
    """

    strength: float
    chance: float


def jpeg_trace(parts: Sequence[NDArray[np.float32]]) -> JpegTrace:
    """Look for the steps of compressed 8x8 blocks, wherever their grid lies."""
    part = parts[0]
    grids = {(y, x): _coefficients(part, y, x) for y in range(8) for x in range(8)}
    scale = np.median([c.std(axis=0) for c in grids.values()], axis=0) + 1e-9
    combs = {place: _comb(c, scale, _COARSE).max() for place, c in grids.items()}
    y, x = max(combs, key=lambda place: combs[place])
    across = [grids[(y + dy) % 8, (x + dx) % 8] for dy, dx in ((4, 4), (3, 5), (5, 3))]
    usual = np.mean([_comb(c, scale, _FINE) for c in across], axis=0)
    excess = _comb(grids[y, x], scale, _FINE) - usual
    n_blocks = min(len(grid) for grid in grids.values())
    return JpegTrace(float(excess.max(axis=0).mean()), (2 * n_blocks) ** -0.5)


def _coefficients(part: NDArray[np.float32], y: int, x: int) -> NDArray[np.float32]:
    """Return the high coefficients of some blocks of the grid through (y, x)."""
    rows, columns = ((n - s) // 8 for n, s in zip(part.shape, (y, x), strict=True))
    cut = part[y : y + 8 * rows, x : x + 8 * columns].reshape(rows, 8, columns, 8)
    every = max(1, round((rows * columns / _N_BLOCKS) ** 0.5))
    blocks = cut[::every, :, ::every].transpose(0, 2, 1, 3).reshape(-1, 8, 8)
    coefficients = fft.dctn(blocks, axes=(1, 2), norm="ortho")[:, _FIRST:, _FIRST:]
    flat: NDArray[np.float32] = coefficients.reshape(len(blocks), -1)
    return flat


def _comb(
    coefficients: NDArray[np.float32],
    scale: NDArray[np.float32],
    sizes: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how well multiples of each step fit: (sizes, coefficients), up to 1."""
    turns = (2 * np.pi * coefficients / scale).astype(np.float32)
    return np.array([np.cos(turns / np.float32(size)).mean(axis=0) for size in sizes])
