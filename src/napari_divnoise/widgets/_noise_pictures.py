"""Noise models and the pairs they were fitted to, made ready for plots: no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy.typing as npt

    from ..images import ImageStack, NoiseReport
    from ..noise import JointHistogram, NoiseModel

    Array = npt.NDArray[Any]

PICTURE_SIZE = (110, 100)
"""Cells of a picture of the pairs, along signal and observation."""
STDS_SHOWN = 4.0
CURVE_POINTS = 80
DENSITY_BINS = 48
PLANES_JUDGED = 4
COVERAGE_BINS = 120
FEWEST_LEVELS = 5
BLUR = 1.2
# A measured density is of so many pixels, from signals so near to one another, as a
# share of the range.
ENOUGH, NEAR = 4000.0, 0.06
# Where the line of the plot stands first: bright enough to be interesting, and not
# so bright that nothing was measured there.
TYPICAL = 0.97
# The picture of the noise alone is as high as the noise of the brightest signals.
BRIGHT, BRIGHT_STDS = 0.8, 3.0
# Standard deviations of the noise that an observation may lie beyond the signals: the
# same that `share_out_of_range` grants.
NOISE_GRANTED = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Calibration pairs, counted for plots.

    Attributes
    ----------
    observed, noise : array, shape (n_signal, n_observation)
        Logarithms of counts, 0 to 1: of signal and observation, and of signal and
        observation minus signal.
    signal_range, observed_range, noise_range : tuple of float
        Camera units.
    typical : float
        A signal worth looking at first.
    """

    observed: Array
    noise: Array
    signal_range: tuple[float, float]
    observed_range: tuple[float, float]
    noise_range: tuple[float, float]
    typical: float


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Mean and standard deviation of the observation against the signal."""

    signal: Array
    mean: Array
    std: Array


class MeasuredDensity:
    """Densities of the observation at each signal, found quickly while one drags.

    Parameters
    ----------
    pairs : JointHistogram
        Counted pairs, camera units.
    """

    def __init__(self, pairs: JointHistogram) -> None:
        order = np.argsort(pairs.stratum, kind="stable")
        stratum = pairs.stratum[order]
        self._observation = pairs.observation[order]
        self._count = pairs.count[order]
        count, self.centres, variance = pairs.variance_by_signal()
        self._std = np.sqrt(np.maximum(variance, 1e-12))
        starts = np.flatnonzero(np.diff(stratum, prepend=stratum[0] - 1))
        self._starts = np.append(starts, len(stratum))
        self._step = pairs.step
        self._total = np.append(0.0, count.cumsum())
        self._centre_of = np.repeat(self.centres, np.diff(self._starts))

    def at(self, signal: float, n_bins: int = DENSITY_BINS) -> tuple[Array, Array]:
        """Return bin edges and density, from pixels whose signal is near `signal`."""
        nearest = int(np.abs(self.centres - signal).argmin())
        first, last = self._neighbours(nearest)
        here = slice(self._starts[first], self._starts[last + 1])
        # As if all had the nearest signal; whole grey values stay whole.
        shift = self.centres[nearest] - self._centre_of[here]
        if self._step > 0:
            shift = np.round(shift / self._step) * self._step
        values, weights = self._observation[here] + shift, self._count[here]
        reach = STDS_SHOWN * float(self._std[nearest])
        width = 2 * reach / n_bins
        start = float(self.centres[nearest]) - reach
        if self._step > 0:
            # As many grey values in each bin, and none on an edge.
            width = max(round(width / self._step), 1) * self._step
            start = (round(start / self._step) - 0.5) * self._step
        edges = np.arange(start, start + 2 * reach + 2 * width, width)
        counts, _ = np.histogram(values, edges, weights=weights)
        return edges, counts / max(float(counts.sum()) * width, 1e-12)

    def _neighbours(self, nearest: int) -> tuple[int, int]:
        """Return first and last bin of the signal around one, for enough pixels."""
        first = last = nearest
        reach = NEAR * (self.centres[-1] - self.centres[0])
        while self._total[last + 1] - self._total[first] < ENOUGH:
            low, high = max(first - 1, 0), min(last + 1, len(self.centres) - 1)
            is_far = self.centres[high] - self.centres[low] > reach
            if is_far or (low, high) == (first, last):
                break
            first, last = low, high
        return first, last


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """The intensities of images, and those that a noise model can explain.

    Attributes
    ----------
    share_outside : float
        Share of the pixels that no signal of the model's range explains, 0 to 1.
    edges, counts : array, shape (M + 1,) and (M,)
        Histogram of the images' intensities, camera units.
    known : tuple of float
        Lowest and highest intensity that the model's signals explain.
    noise_ratio : float or None
        Variance that the model states over that of calm places of the images, the
        median over their brightness; ``None`` if that was not measured.
    """

    share_outside: float
    edges: Array
    counts: Array
    known: tuple[float, float]
    noise_ratio: float | None = None


def cover(
    noise_model: NoiseModel, images: ImageStack, report: NoiseReport | None = None
) -> Generator[None, None, Coverage]:
    """Compare the intensities of a few images, and their noise, with a noise model."""
    yield None
    numbers = np.linspace(0, images.n_images - 1, PLANES_JUDGED).round().astype(int)
    planes = [images.plane(int(n)) for n in np.unique(numbers)]
    yield None
    values = np.concatenate([plane[np.isfinite(plane)].ravel() for plane in planes])
    ends = np.asarray(noise_model.signal_range, np.float32)
    std = np.sqrt(noise_model.variance(ends))
    low = float(ends[0] - NOISE_GRANTED * std[0])
    high = float(ends[1] + NOISE_GRANTED * std[1])
    outside = float(np.mean((values < low) | (values > high))) if values.size else 0.0
    counts, edges = np.histogram(values, COVERAGE_BINS)
    ratio = None if report is None else _noise_ratio(noise_model, report)
    return Coverage(outside, edges, counts, (low, high), ratio)


def _noise_ratio(noise_model: NoiseModel, report: NoiseReport) -> float | None:
    levels, measured = np.asarray(report.levels), np.asarray(report.variances)
    low, high = noise_model.signal_range
    known = (levels >= low) & (levels <= high) & (measured > 0)
    if known.sum() < FEWEST_LEVELS:
        return None
    stated = noise_model.variance(levels[known].astype(np.float32))
    return float(np.median(stated / measured[known]))


def picture_of(pairs: JointHistogram) -> Picture:
    """Bin counted pairs for plots.

    The bins of plot and pairs beat against each other; a little blur hides that.
    """
    signal, residual, count = pairs.signal, pairs.residual, pairs.count
    low, high = pairs.signal_range
    bright = signal >= low + BRIGHT * (high - low)
    spread = float(np.sqrt(np.average(residual[bright] ** 2, weights=count[bright])))
    noise_range = (-BRIGHT_STDS * spread, BRIGHT_STDS * spread)
    order = np.argsort(pairs.observation)
    passed = count[order].cumsum() / count.sum()
    ends = order[np.searchsorted(passed, [0.0005, 0.9999])]
    bottom, top = (float(value) for value in pairs.observation[ends])
    observed_range = (min(bottom, low), max(top, high))
    by_signal = np.argsort(signal)
    passed = count[by_signal].cumsum() / count.sum()
    return Picture(
        observed=_log_counts(pairs, pairs.observation, observed_range),
        noise=_log_counts(pairs, residual, noise_range),
        signal_range=(low, high),
        observed_range=observed_range,
        noise_range=noise_range,
        typical=float(signal[by_signal[np.searchsorted(passed, TYPICAL)]]),
    )


def _log_counts(
    pairs: JointHistogram, values: Array, shown: tuple[float, float]
) -> Array:
    counts, *_ = np.histogram2d(
        pairs.signal,
        values,
        PICTURE_SIZE,
        (pairs.signal_range, shown),
        weights=pairs.count,
    )
    logarithms = np.log1p(gaussian_filter(counts, BLUR))
    result: Array = logarithms / max(float(logarithms.max()), 1e-12)
    return result


def curve_of(noise_model: NoiseModel, signal_range: tuple[float, float]) -> Curve:
    """Return mean and standard deviation over a range of signals."""
    signal = np.linspace(*signal_range, CURVE_POINTS, dtype=np.float32)
    std = np.sqrt(noise_model.variance(signal))
    return Curve(signal, noise_model.mean(signal), std)
