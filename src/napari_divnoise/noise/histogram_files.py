"""Histograms in the `.npy` files of the published tools.

PPN2V writes an array of shape (3, B, B): the share of the observations in each bin,
row by row of signals, and the lower and the upper edges of the bins, the same for
signals and observations. Its program takes a row to stand for the signal at the lower
edge of its bin, half a bin off; read here, it stands for that in the middle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .histogram import HistogramNoiseModel
from .histogram_fitting import warn_of_empty_rows
from .mixture import PUBLISHED_TOLERANCE

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from .pairs import Array

# A row whose shares do not even sum to this was never hit.
_EMPTY = 1e-6
# Bins are even but for rounding, as a share of their width.
_UNEVEN = 1e-3
_MOST_BINS = 4096


def published_table(noise_model: HistogramNoiseModel) -> Array:
    """Return a histogram as the published tools keep it, shape (3, B, B), float64.

    Both axes get the same bins, as many as there are rows or columns, over all signals
    and observations. Where they are the same already, nothing is lost.
    """
    ends = np.array([noise_model.signal_range, noise_model.observation_range])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    n = max(noise_model.n_rows, noise_model.n_columns)
    edges = np.linspace(low, high, n + 1)
    density = noise_model.density.detach().cpu().numpy().astype(np.float64)
    mass = density * noise_model.bin_width
    mass /= mass.sum(1, keepdims=True)
    own = np.linspace(*noise_model.observation_range, noise_model.n_columns + 1)
    upto = np.concatenate([np.zeros((len(mass), 1)), mass.cumsum(1)], axis=1)
    share = np.diff([np.interp(edges, own, row) for row in upto], axis=1)
    middles = 0.5 * (edges[1:] + edges[:-1])
    place = np.interp(middles, noise_model.rows, np.arange(len(mass)))
    row = np.minimum(place.astype(np.intp), len(mass) - 2)
    part = (place - row)[:, None]
    table = (1 - part) * share[row] + part * share[row + 1]
    lower, upper = (
        np.repeat(side[:, None], n, axis=1) for side in (edges[:-1], edges[1:])
    )
    return np.stack([table, lower, upper])


def read_published(file: Path) -> HistogramNoiseModel:
    """Read a histogram that a published tool, or `published_table`, wrote.

    Raises
    ------
    ValueError
        If the file is damaged or holds another array. Nothing in it can run code.
    """
    try:
        with file.open("rb") as stream:
            shape = _shape_of(np.lib.format.read_magic(stream), stream)
            if len(shape) != 3 or shape[0] != 3 or not 2 <= shape[1] <= _MOST_BINS:
                raise ValueError(f"its shape is {shape}, not (3, B, B)")
        array = np.load(file, allow_pickle=False)
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise ValueError("it holds NaN, infinity or no numbers")
        return from_published(array.astype(np.float64))
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"{file} is damaged, or is no histogram noise model (.npy): {error}. Save "
            f"it again from the program that made it"
        ) from error


def _shape_of(version: tuple[int, int], stream: object) -> tuple[int, ...]:
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in read:
        raise ValueError(f"it is of version {version}")
    shape: tuple[int, ...] = read[version](stream)[0]  # type: ignore[arg-type]
    return shape


def from_published(array: Array) -> HistogramNoiseModel:
    """Build the noise model of an array of shape (3, B, B).

    Warns
    -----
    UserWarning
        If rows are empty; they are filled from their neighbours.

    Raises
    ------
    ValueError
        If the bins are not even, or all rows are empty.
    """
    if array.ndim != 3 or array.shape[0] != 3 or array.shape[1] != array.shape[2]:
        raise ValueError(
            f"a published histogram has shape (3, B, B), not {array.shape}"
        )
    share, lower, upper = array
    n = len(share)
    low, high = float(lower.min()), float(upper.max())
    width = (high - low) / n
    edges = low + width * np.arange(n)
    away = np.abs(lower[:, 0] - edges).max(), np.abs(upper[:, 0] - edges - width).max()
    if not width > 0 or max(away) > _UNEVEN * width or (share < 0).any():
        raise ValueError("its bins are not even, or hold shares below 0")
    total = share.sum(1)
    empty = total < _EMPTY
    if empty.all():
        raise ValueError("all of its rows are empty")
    warn_of_empty_rows(empty, np.linspace(low, high, n + 1))
    filled = _filled(share / np.where(empty, 1, total)[:, None], empty)
    return HistogramNoiseModel(
        filled / width, (low, high), (low, high), PUBLISHED_TOLERANCE
    )


def _filled(share: Array, empty: npt.NDArray[np.bool_]) -> Array:
    """Fill empty rows: the nearest other one, moved along as the signal does."""
    known = np.flatnonzero(~empty)
    result = share.copy()
    for row in np.flatnonzero(empty):
        nearest = int(known[np.abs(known - row).argmin()])
        by = int(row) - nearest
        moved = np.zeros_like(share[row])
        if by > 0:
            moved[by:] = share[nearest][:-by]
        else:
            moved[:by] = share[nearest][-by:]
        total = moved.sum()
        result[row] = moved / total if total > _EMPTY else 1 / moved.size
    return result
