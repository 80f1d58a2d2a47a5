"""Calibration pairs, counted: 1e8 pixels become some 1e4 weighted cells.

Noise models are fitted to pairs of observation and signal. Their likelihood hardly
differs between pixels whose signal and residual are nearly the same, so those are
merged into one cell that holds its number of pixels, mean signal and mean residual.
Cells are as narrow as the noise asks for: a small part of its standard deviation
along the residual, wider in the tails, and even in the square root of the signal.
That works for any dtype, range and gain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .pairs import Array, Look, Pairs, look_at

_N_SIGNAL_BINS = 256
# Width of a cell at residual 0, in standard deviations; sqrt(1 + |z|) times that at
# z standard deviations.
_CELL_WIDTH = 0.06
# Cells to either side: up to 70 standard deviations from the signal.
_N_HALF = 250
# A variance from fewer pixels than this is too uncertain to be a measurement.
_MIN_COUNT = 200
# The dark of an image is at least this share of its pixels.
_DARK_SHARE = 0.005
# Share of a normal distribution within one standard deviation, in percent.
_ONE_SIGMA = 68.27


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
    """

    count: Array
    residual: Array
    signal: Array
    stratum: npt.NDArray[np.intp]
    signal_range: tuple[float, float]
    step: float
    share_trimmed: float

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
    look = look_at(pairs, trim)
    bins = _Bins.of(look)
    totals = np.zeros((3, bins.size))
    n_pixels = 0
    for residual, s in pairs.blocks():
        n_pixels += s.size
        used = (s >= look.low) & (s <= look.high)
        if not used.all():
            residual, s = residual[used], s[used]
        cell = bins.index(residual, s)
        for total, weight in zip(totals, (None, residual, s), strict=True):
            total += np.bincount(cell, weight, bins.size)
    filled = np.flatnonzero(totals[0])
    count, residual_sum, signal_sum = totals[:, filled]
    return JointHistogram(
        count=count,
        residual=residual_sum / count,
        signal=signal_sum / count,
        stratum=filled // (2 * _N_HALF + 1),
        signal_range=(look.low, look.high),
        step=look.step,
        share_trimmed=1 - float(count.sum()) / n_pixels,
    )


@dataclass(frozen=True, slots=True)
class _Bins:
    """Where a pair belongs: a bin of the signal, and one of the residual in it."""

    low: float
    span: float
    variance: float
    variance_span: float

    @property
    def size(self) -> int:
        return _N_SIGNAL_BINS * (2 * _N_HALF + 1)

    @classmethod
    def of(cls, look: Look) -> _Bins:
        """Make bins from how the spread of the sample rises with the signal."""
        order = np.argsort(look.signal)
        n_groups = min(16, order.size)
        groups = np.array_split(order, n_groups)
        signal = np.array([look.signal[group].mean() for group in groups])
        variance = np.array([_robust_variance(look.residual[g]) for g in groups])
        overall = _robust_variance(look.residual) or float(np.mean(look.residual**2))
        variance = np.maximum(variance, 1e-3 * overall)
        line = np.polynomial.Polynomial.fit(signal, variance, 1, w=1 / variance)
        ends = np.maximum(line(np.array([look.low, look.high])), variance.min())
        return cls(
            low=look.low,
            span=look.high - look.low,
            variance=float(ends[0]),
            variance_span=max(float(ends[1] - ends[0]), 1e-3 * float(ends[0])),
        )

    def index(self, residual: Array, signal: Array) -> npt.NDArray[np.intp]:
        """Return the number of the cell of each pair."""
        shot = self.variance + self.variance_span * (signal - self.low) / self.span
        std = np.sqrt(shot)
        first, last = np.sqrt([self.variance, self.variance + self.variance_span])
        stratum = (std - first) * (_N_SIGNAL_BINS / (last - first))
        stratum = np.minimum(stratum.astype(np.intp), _N_SIGNAL_BINS - 1)
        z = residual / std
        away = (np.sqrt(1 + np.abs(z)) - 1) * (2 / _CELL_WIDTH)
        column = np.rint(np.copysign(np.minimum(away, _N_HALF), z)).astype(np.intp)
        cell: npt.NDArray[np.intp] = stratum * (2 * _N_HALF + 1) + (column + _N_HALF)
        return cell


def _robust_variance(residual: Array) -> float:
    return float(np.percentile(np.abs(residual), _ONE_SIGMA) ** 2)
