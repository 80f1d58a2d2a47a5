"""Rows and columns of a histogram of the noise: where they lie, and whether they do."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .mixture import PUBLISHED_TOLERANCE

# Rows are densities: their sum times the width of a bin is 1, but for rounding.
_ROUNDING = 1e-3


def even_in_std(
    ends: tuple[float, float], n: int, growth: float
) -> npt.NDArray[np.float64]:
    """Return n + 1 edges, even in the root of a variance that grows along a line.

    Parameters
    ----------
    ends : tuple of float
        First and last edge.
    n : int
        Number of steps between.
    growth : float
        Variance at the last edge over that at the first, less 1; 0 for even edges.
    """
    t = np.linspace(0, 1, n + 1)
    if growth:
        t = ((1 + t * (math.sqrt(1 + growth) - 1)) ** 2 - 1) / growth
    edges: npt.NDArray[np.float64] = ends[0] + (ends[1] - ends[0]) * t
    return edges


def checked_ends(name: str, ends: tuple[float, float]) -> tuple[float, float]:
    """Return two ends as floats.

    Raises
    ------
    ValueError
        If they are not finite or do not rise.
    """
    low, high = (float(end) for end in ends)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            f"{name} of a histogram must be two rising numbers, got ({low}, {high}): "
            f"fit it again, or load an undamaged file"
        )
    return low, high


def checked_mass(
    density: npt.NDArray[np.float64], ends: tuple[float, float], tol: float
) -> npt.NDArray[np.float64]:
    """Return the share of each bin in its row; ValueError where that is none."""
    if density.ndim != 2 or density.shape[0] < 2 or density.shape[1] < 1:
        raise ValueError(
            f"the density of a histogram has shape (rows, columns), two rows at least, "
            f"got {density.shape}: one row per signal, one column per observation"
        )
    if not (math.isfinite(tol) and tol >= 0):
        raise ValueError(
            f"tol must be 0 or more, got {tol}: {PUBLISHED_TOLERANCE} is usual"
        )
    if not (np.isfinite(density).all() and (density >= 0).all()):
        raise ValueError(
            "the density of a histogram holds NaN, infinity or numbers below 0: fit it "
            "again, or load an undamaged file"
        )
    mass = density * ((ends[1] - ends[0]) / density.shape[1])
    total = mass.sum(1, keepdims=True)
    if np.abs(total - 1).max() > _ROUNDING:
        raise ValueError(
            f"every row of a histogram must integrate to 1 over the observation, got "
            f"{total.min():.4g} to {total.max():.4g}: divide shares by the width of a "
            f"bin"
        )
    normalized: npt.NDArray[np.float64] = mass / total
    return normalized
