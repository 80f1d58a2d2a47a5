"""Counted pairs become a histogram that does not take chance for noise."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from .counting import CELL_WIDTH
from .gaussian import GaussianNoiseModel, fit_gaussian_to
from .histogram import HistogramNoiseModel
from .histogram_rows import even_in_std
from .mixture import PUBLISHED_TOLERANCE

if TYPE_CHECKING:
    from .joint import JointHistogram
    from .pairs import Array

# Pixels that the shape of the noise is worth, tried: the more, the less a row is
# trusted whose pixels are few.
_WORTHS = np.geomspace(1, 1e6, 49)
# Signals are grouped for the shape of their noise; each group has a few of them.
_N_SHAPES = 12
_N_BANDS = 16
# Cells over which a pixel is spread in the shape: a quarter of a standard deviation.
_BLUR = 4
_PER_SHAPE = 20_000
# Smallest height of a row, in standard deviations of the noise: with 0.02, DivNoising
# on FMD Confocal_MICE is 3 dB worse, and the likelihood of other frames is lower.
_ROW_WIDTH = 0.15
# A Gaussian of three standard deviations has this share of every row. What was never
# seen is improbable then, and the more so the further off: a network that starts with
# a signal far off is told where to go.
_TAIL_SHARE = 3e-4
_TAIL_WIDTH = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HistogramSettings:
    """How a histogram is fitted.

    Attributes
    ----------
    n_bins : int
        Most rows of signals, at least 2, narrower where the noise is. Rows that are
        wider than the noise blur it, and need more of them; the badge says so. Rows
        that are much narrower would differ by chance alone, and give a network slopes
        that point anywhere; so there are fewer where fewer do. Columns are as wide as
        the noise asks for, and hold whole grey values.
    tol : float
        Constant added to the density: see `HistogramNoiseModel`.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """

    n_bins: int = 256
    tol: float = PUBLISHED_TOLERANCE

    def __post_init__(self) -> None:
        """Check every number."""
        if not 2 <= self.n_bins <= 4096:
            raise ValueError(
                f"n_bins must be 2 to 4096, got {self.n_bins}: 256 suits most cameras"
            )


def fit_histogram_to(
    pairs: JointHistogram, settings: HistogramSettings | None = None
) -> HistogramNoiseModel:
    """Turn pairs that were counted already into a histogram.

    Bins of few pixels would take chance for noise: a bin that was never hit would have
    no likelihood at all. So each row is a weighted mean of what was counted and of the
    shape that the noise has at all signals nearby, stretched to the spread at this one.
    How many pixels the shape is worth is what makes each pixel most likely by all the
    others.

    Warns
    -----
    UserWarning
        If no pixel has a signal of a row: it is filled from its neighbours.

    Raises
    ------
    ValueError
        If the pairs were counted without their table.
    """
    settings = settings or HistogramSettings()
    if not pairs.table.size:
        raise ValueError(
            "these pairs were counted without a table of grey values: count them again "
            "with joint_histogram"
        )
    gaussian = fit_gaussian_to(pairs)
    start, end = gaussian.variance(np.array(pairs.signal_range))
    growth = float(end / start) - 1
    # Along a line of variances, so many standard deviations fit into the signals.
    span = 2 * np.ptp(pairs.signal_range) / (np.sqrt(start) + np.sqrt(end))
    n_rows = int(np.clip(np.ceil(span / _ROW_WIDTH), 2, settings.n_bins))
    edges = even_in_std(pairs.signal_range, n_rows, growth)
    rows = 0.5 * (edges[1:] + edges[:-1])
    counted = _in_rows(pairs, rows)
    shape = _shapes(pairs, rows, gaussian)
    worth = _worths(shape, counted)
    total = counted.sum(1, keepdims=True)
    warn_of_empty_rows(total[:, 0] <= 0, edges)
    mass = (counted + worth * shape) / (total + worth)
    mass = (1 - _TAIL_SHARE) * mass + _TAIL_SHARE * _tails(pairs, rows, gaussian)
    first, last = pairs.observation_range
    return HistogramNoiseModel(
        mass / mass.sum(1, keepdims=True) * (mass.shape[1] / (last - first)),
        pairs.signal_range,
        pairs.observation_range,
        settings.tol,
        pairs.valid_range,
        growth,
    )


def _in_rows(pairs: JointHistogram, rows: Array) -> Array:
    """Share every signal between the two rows that it lies between."""
    table = pairs.table.astype(np.float64)
    signal = 0.5 * (pairs.signal_edges[1:] + pairs.signal_edges[:-1])
    place = np.interp(signal, rows, np.arange(rows.size))
    row = np.minimum(place.astype(np.intp), rows.size - 2)
    share = (place - row)[:, None]
    result = np.zeros((rows.size, table.shape[1]))
    np.add.at(result, row, (1 - share) * table)
    np.add.at(result, row + 1, share * table)
    return result


def _shapes(pairs: JointHistogram, rows: Array, gaussian: GaussianNoiseModel) -> Array:
    """Return for each row the shares of the bins that the noise nearby would give.

    Residuals in standard deviations have much the same distribution at neighbouring
    signals. That of a group of signals, known from many pixels, is stretched to the
    standard deviation at the signal of a row.
    """
    std, row_std = (np.sqrt(gaussian.variance(s)) for s in (pairs.signal, rows))
    z = pairs.residual / std
    width = np.maximum(_BLUR * CELL_WIDTH * np.sqrt(1 + np.abs(z)), pairs.step / std)
    edges = np.linspace(*pairs.observation_range, pairs.table.shape[1] + 1)
    order = np.argsort(pairs.stratum, kind="stable")
    upto = pairs.count[order].cumsum()
    n_groups = int(np.clip(upto[-1] // _PER_SHAPE, 1, _N_SHAPES))
    group = np.empty(order.size, np.intp)
    group[order] = np.minimum(upto * n_groups / upto[-1], n_groups - 1).astype(np.intp)
    centre = np.bincount(group, pairs.count * pairs.signal, n_groups).astype(float)
    centre = centre / np.maximum(np.bincount(group, pairs.count, n_groups), 1)
    at_edges = (edges - rows[:, None]) / row_std[:, None]
    upto_edges = []
    for g in np.unique(group):
        its = group == g
        upto_edges.append(_distribution(z[its], width[its], pairs.count[its], at_edges))
    share = np.diff(np.array(upto_edges), axis=2)
    return _between(share, np.unique(centre), rows)


def _tails(pairs: JointHistogram, rows: Array, gaussian: GaussianNoiseModel) -> Array:
    """Return for each row the shares of the bins in a wide Gaussian around it."""
    std = _TAIL_WIDTH * np.sqrt(gaussian.variance(rows))
    edges = np.linspace(*pairs.observation_range, pairs.table.shape[1] + 1)
    share = np.diff(ndtr((edges - rows[:, None]) / std[:, None]), axis=1)
    result: Array = share / share.sum(1, keepdims=True)
    return result


def _distribution(z: Array, width: Array, count: Array, at: Array) -> Array:
    """Return the share of the pixels whose residual is below `at`.

    The pixels of a cell are spread over its width.
    """
    knots = np.concatenate([z - 0.5 * width, z + 0.5 * width])
    change = np.concatenate([count / width, -count / width])
    order = np.argsort(knots)
    knots, slope = knots[order], change[order].cumsum().clip(0)
    upto = np.concatenate([[0.0], (slope[:-1] * np.diff(knots)).cumsum()])
    found: Array = np.interp(at, knots, upto / upto[-1])
    return found


def _between(shares: Array, centre: Array, rows: Array) -> Array:
    """Interpolate the shapes of groups of signals to those of the rows."""
    place = np.interp(rows, centre, np.arange(centre.size))
    below = np.minimum(place.astype(np.intp), max(centre.size - 2, 0))
    part = (place - below)[:, None]
    index = np.arange(rows.size)
    above = np.minimum(below + 1, centre.size - 1)
    mixed: Array = (1 - part) * shares[below, index] + part * shares[above, index]
    # A row none of whose bins the shape reaches says nothing: all bins alike.
    total = mixed.sum(1, keepdims=True)
    even = 1 / mixed.shape[1]
    result: Array = np.where(total > 0, mixed / np.where(total > 0, total, 1), even)
    return result


def _worths(shape: Array, counted: Array) -> Array:
    """Return how many pixels the shape is worth at each row, in a column.

    Where the noise is wide, a bin has few pixels though the row has many; so bands of
    rows choose on their own.
    """
    rows = np.arange(len(counted))
    bands = np.array_split(rows, min(_N_BANDS, len(rows)))
    worth = [np.log(_worth_of(shape[band], counted[band])) for band in bands]
    middle = [band.mean() for band in bands]
    column: Array = np.exp(np.interp(rows, middle, worth))[:, None]
    return column


def _worth_of(shape: Array, counted: Array) -> float:
    """Return how many pixels the shape is worth: most likely with each left out."""
    filled = counted > 0
    count, share = counted[filled], shape[filled]
    total = np.broadcast_to(counted.sum(1, keepdims=True), counted.shape)[filled]
    others = np.maximum(count - 1, 0)
    best, found = -np.inf, float(_WORTHS[-1])
    for worth in _WORTHS:
        left_out = (others + worth * share) / (np.maximum(total - 1, 0) + worth)
        likelihood = float((count * np.log(left_out + 1e-12)).sum())
        if likelihood > best:
            best, found = likelihood, float(worth)
    return found


def warn_of_empty_rows(empty: npt.NDArray[np.bool_], edges: Array) -> None:
    """Say at which signals a histogram is guessed from its neighbours."""
    if not empty.any():
        return
    changes = np.flatnonzero(np.diff(np.concatenate([[False], empty, [False]])))
    ends = edges[changes.reshape(-1, 2)]
    widest = sorted(ends.tolist(), key=lambda run: run[0] - run[1])[:3]
    named = ", ".join(f"{first:.6g} to {last:.6g}" for first, last in sorted(widest))
    more = f" and {len(ends) - 3} narrower gaps" if len(ends) > 3 else ""
    warnings.warn(
        f"no pixel has a signal of {named}{more}: the histogram of the noise is filled "
        f"from neighbouring signals there; more pixels of such brightness, or fewer "
        f"n_bins, would tell",
        stacklevel=4,
    )
