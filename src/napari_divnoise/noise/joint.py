"""Calibration pairs, counted: 1e8 pixels become some 1e4 weighted cells.

Noise models are fitted to pairs of observation and signal. Their likelihood hardly
differs between pixels whose signal and residual are nearly the same, so those are
merged into one cell that holds its number of pixels, mean signal and mean residual.
Cells are as narrow as the noise asks for: a small part of its standard deviation
along the residual, wider in the tails, and even in the square root of the signal.
That works for any dtype, range and gain.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .counting import Counts, count
from .pairs import Array, Look, Pairs, look_at
from .valid import EVERYTHING

if TYPE_CHECKING:
    from typing import Any

# A variance from fewer pixels than this is too uncertain to be a measurement.
_MIN_COUNT = 200
# The dark of an image is at least this share of its pixels.
_DARK_SHARE = 0.005
# Signals of which more observations than this are clipped look less noisy than they
# are: by 6 per cent of the variance where the share is as high as that. Where the noise
# is as wide as the scale, none is better than the next.
_LOST = (0.01, 0.03, 0.1)
# Signals that are kept hold at least this share of the pixels.
_ENOUGH = 0.05
# Strata over which that share is taken, where pixels are few.
_WINDOW = 9


@dataclass(frozen=True, slots=True)
class JointHistogram:
    """Pairs of observation and signal, merged into weighted cells.

    Attributes
    ----------
    count : numpy.ndarray, shape (M,)
        Number of pixels of each cell, above 0.
    residual : numpy.ndarray, shape (M,)
        Mean of observation minus signal, in camera units.
    signal : numpy.ndarray, shape (M,)
        Mean signal, in camera units.
    stratum : numpy.ndarray of int, shape (M,)
        Number of the signal bin of each cell, rising with the signal.
    signal_range : tuple of float
        Smallest and largest signal of the pairs that are counted.
    step : float
        Distance of neighbouring grey values of the observation, 0 if continuous.
    share_trimmed : float
        Share of the pairs that `trim` left out.
    valid_range : tuple of float
        Observations strictly inside are counted; those at its ends or beyond were
        clipped by the camera.
    share_clipped : float
        Share of the pairs that were left out because their observation is clipped, or
        because more than a hundredth of the observations of their signal are; up to a
        tenth where noise is as wide as the scale.
    table : numpy.ndarray, shape (R, C)
        Number of pixels per signal, in R steps over `signal_range` that are even in
        the standard deviation of the noise, and observation, in C even steps over
        `observation_range`. Columns hold whole grey values. Empty where it was not
        counted.
    signal_edges : numpy.ndarray, shape (R + 1,)
        Edges of the rows of `table`.
    observation_range : tuple of float
        Outer edges of the columns of `table`.
    """

    count: Array
    residual: Array
    signal: Array
    stratum: npt.NDArray[np.intp]
    signal_range: tuple[float, float]
    step: float
    share_trimmed: float
    valid_range: tuple[float, float] = EVERYTHING
    share_clipped: float = 0.0
    table: npt.NDArray[np.float32] = field(
        default_factory=lambda: np.zeros((0, 0), np.float32)
    )
    signal_edges: Array = field(default_factory=lambda: np.zeros(0))
    observation_range: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Take the table as a file may hold it."""
        table: Any = np.asarray(self.table, np.float32)
        object.__setattr__(self, "table", table.reshape(table.shape[0], -1))
        edges = np.asarray(self.signal_edges, np.float64)
        object.__setattr__(self, "signal_edges", edges)

    @property
    def observation(self) -> Array:
        """Mean observation of each cell, in camera units."""
        return self.signal + self.residual

    @property
    def quantization_variance(self) -> float:
        """Variance below which a Gaussian claims too much for one grey value.

        Its density at its middle times `step` would be more than all probability.
        """
        return self.step**2 / (2 * np.pi)

    def variance_by_signal(self) -> tuple[Array, Array, Array]:
        """Return count, mean signal and mean squared residual of each signal bin."""
        count = np.bincount(self.stratum, weights=self.count).astype(np.float64)
        signal = np.bincount(self.stratum, weights=self.count * self.signal)
        square = np.bincount(self.stratum, weights=self.count * self.residual**2)
        filled = count > 0
        count = count[filled]
        return count, signal[filled] / count, square[filled] / count

    def tabled(self) -> tuple[Array, Array, Array]:
        """Return observation, signal and count of the filled places of the table."""
        row, column = np.nonzero(self.table)
        first, last = self.observation_range
        middles = 0.5 * (self.signal_edges[1:] + self.signal_edges[:-1])
        return (
            first + (last - first) * (column + 0.5) / self.table.shape[1],
            middles[row],
            self.table[row, column].astype(np.float64),
        )

    def smallest_variance(self) -> float:
        """Return the smallest variance that enough pixels tell of, above 0."""
        count, _, variance = self.variance_by_signal()
        enough = max(_MIN_COUNT, _DARK_SHARE * count.sum())
        group = ((count.cumsum() - 0.5 * count) / enough).astype(np.intp)
        total, square = np.bincount(group, count), np.bincount(group, count * variance)
        positive = (total > 0.5 * enough) & (square > 0)
        mean = float(np.average(variance, weights=count))
        return float((square[positive] / total[positive]).min(initial=mean))


def joint_histogram(
    observation: npt.ArrayLike,
    signal: npt.ArrayLike,
    *,
    trim: tuple[float, float] = (0.0, 100.0),
    residual_scale: float = 1.0,
) -> JointHistogram:
    """Count calibration pairs.

    Parameters
    ----------
    observation, signal : array
        Images in camera units, of shapes that broadcast: ``(N, Y, X)`` with
        ``(Y, X)``, for one. Any real dtype. They are read block by block, so that
        memory is bounded, also where they are memory-mapped or dask arrays.
    trim : tuple of float
        Percentiles of the signal between which pairs are used, 0 to 100.
    residual_scale : float
        Factor on observation minus signal, for a signal that is the mean of the same
        observations: see `count_calibration_pairs`.

    Raises
    ------
    ValueError
        If the shapes do not broadcast, a value is not finite, or the observation,
        the signal or their difference is constant.
    """
    pairs = Pairs(observation, signal, residual_scale)
    return count_pairs(pairs, look_at(pairs, trim))


def variance_curve(pairs: JointHistogram) -> tuple[Array, Array, Array]:
    """Return signal, variance and number of pixels, measured from dark to bright.

    No model is in it: mean squared residuals of neighbouring signals, with so many
    pixels each that the variance is known.

    Returns
    -------
    signal, variance, count : numpy.ndarray, shape (M,)
        In camera units, squared camera units, and pixels.
    """
    count, signal, square = pairs.variance_by_signal()
    group = ((count.cumsum() - 0.5 * count) / _MIN_COUNT).astype(np.intp)
    _, group = np.unique(group, return_inverse=True)
    total = np.bincount(group, count).astype(np.float64)
    sums = (np.bincount(group, count * values) for values in (signal, square))
    means = [values / total for values in sums]
    return means[0], means[1], total


def count_pairs(pairs: Pairs, look: Look) -> JointHistogram:
    """Count pairs that were looked at, and leave out clipped ones."""
    counts = count(pairs, look)
    totals = counts.totals.reshape(3, -1)
    filled = np.flatnonzero(totals[0])
    count_, residual_sum, signal_sum = totals[:, filled]
    n_pixels = float(np.prod(pairs.shape))
    n_lost = float(counts.lost.sum())
    joint = JointHistogram(
        count=count_,
        residual=residual_sum / count_,
        signal=signal_sum / count_,
        stratum=filled // counts.totals.shape[2],
        signal_range=(look.low, look.high),
        step=look.step * pairs.residual_scale,
        share_trimmed=1 - (float(count_.sum()) + n_lost) / n_pixels,
        valid_range=look.valid_range,
        share_clipped=n_lost / n_pixels,
        table=counts.table.astype(np.float32),
        signal_edges=counts.signal_edges,
        observation_range=counts.observation_range,
    )
    return _without_clipped_signals(joint, counts, n_pixels) if n_lost else joint


def _without_clipped_signals(
    joint: JointHistogram, counts: Counts, n_pixels: float
) -> JointHistogram:
    """Leave out signals so near to the end of the scale that it cut their noise."""
    kept = counts.totals[0].sum(1)
    lost, total = (
        np.convolve(values, np.ones(_WINDOW), "same")
        for values in (counts.lost, kept + counts.lost)
    )
    for limit in _LOST:
        first, last = _longest_run(lost <= limit * total, kept)
        if kept[first:last].sum() >= _ENOUGH * kept.sum():
            break
    inside = joint.signal[(joint.stratum >= first) & (joint.stratum < last)]
    if not inside.size:
        raise ValueError(
            f"{joint.share_clipped:.1%} of the observations are clipped at the end of "
            f"the camera's scale, and no signal is nearly free of it: take images "
            f"with a shorter exposure, or a higher offset"
        )
    rows = joint.signal_edges
    # Whole rows of the table.
    start = 0 if first == 0 else int(np.searchsorted(rows, inside.min()))
    stop = int(np.searchsorted(rows, inside.max())) if last < kept.size else rows.size
    start, stop = min(start, rows.size - 2), max(min(stop, rows.size - 1), start + 1)
    used = (joint.signal >= rows[start]) & (joint.signal <= rows[stop])
    n_left_out = counts.lost.sum() + joint.count[~used].sum()
    return replace(
        joint,
        count=joint.count[used],
        residual=joint.residual[used],
        signal=joint.signal[used],
        stratum=joint.stratum[used],
        signal_range=(float(rows[start]), float(rows[stop])),
        share_clipped=float(n_left_out) / n_pixels,
        table=joint.table[start:stop],
        signal_edges=rows[start : stop + 1],
    )


def _longest_run(clear: npt.NDArray[np.bool_], count: Array) -> tuple[int, int]:
    """Return the neighbouring clear strata that hold the most pixels."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], clear, [False]])))
    runs = edges.reshape(-1, 2).tolist()
    first, last = max(
        runs, key=lambda run: count[run[0] : run[1]].sum(), default=(0, 0)
    )
    return first, last
