"""How strong the noise is at each brightness, from the calm places of images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .greys import Greys

BLOCK = 8
_KERNEL = np.array([1.0, -2.0, 1.0])
# Blind to every plane in brightness; its output has the variance of white noise.
_ROUGHNESS = np.outer(_KERNEL, _KERNEL) / 6
_N_GROUPS = 24
_BLOCKS_PER_GROUP = 24
# Structure can only add to the roughness of a block, so the calm ones are asked. In
# white noise alone, this percentile of the blocks has this share of the variance.
_CALM_PERCENTILE = 25.0
_CALM_SHARE = 0.767


@dataclass(frozen=True, slots=True, eq=False)
class NoiseLevels:
    """Noise variance against brightness, counted from the lowest value.

    Attributes
    ----------
    signal, variance : ndarray, shape (M,)
        From dark to bright.
    slope, intercept : float
        Of the line through them.
    floor : float
        Smallest variance that is believed.
    total : float
        Variance of the pixels, structure and noise, without the tails.
    mean_variance : float
        Variance of the noise, averaged over the pixels.
    rough_variance : float
        Usual variance of the roughness alone, at the highest frequencies.
    """

    signal: NDArray[np.float64]
    variance: NDArray[np.float64]
    slope: float
    intercept: float
    floor: float
    total: float
    mean_variance: float
    rough_variance: float

    def at(self, signal: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the variance of the noise at a brightness."""
        inside = np.clip(signal, 0, None)
        line = np.float32(self.slope) * inside + np.float32(self.intercept)
        variance: NDArray[np.float32] = np.maximum(line, np.float32(self.floor))
        return variance

    @property
    def snr(self) -> float:
        """Standard deviation of the structure over that of the noise."""
        return float(
            np.sqrt(max(self.total - self.mean_variance, 0.0) / self.mean_variance)
        )

    def line(self, low: float) -> tuple[float, float]:
        """Return slope and intercept for signals in camera units."""
        return self.slope, self.intercept - self.slope * low

    def offset(self, low: float) -> float:
        """Return where the noise of light begins, in camera units."""
        darkest = float(self.signal[0])
        if self.slope * (self.signal[-1] - darkest) < 0.5 * self.variance[0]:
            return low + darkest
        return low + min(max(-self.intercept / self.slope, min(-low, 0.0)), darkest)

    def corrected(self, autocorrelation: NDArray[np.float64]) -> NoiseLevels:
        """Return the variances of noise with this autocorrelation.

        The roughness of noise that is alike in neighbouring pixels is less than that of
        white noise of the same variance.
        """
        along = np.convolve(_KERNEL, _KERNEL[::-1]) / 6
        share = float((autocorrelation[1:6, 1:6] * np.outer(along, along)).sum())
        scale = 1 / min(max(share, 0.02), 4.0)
        return replace(
            self,
            variance=self.variance * scale,
            slope=self.slope * scale,
            intercept=self.intercept * scale,
            floor=self.floor * scale,
            mean_variance=self.mean_variance * scale,
        )


def noise_levels(parts: Sequence[NDArray[np.float32]], greys: Greys) -> NoiseLevels:
    """Measure the noise of calm blocks, in groups of equal brightness."""
    level, power = _blocks(parts, greys)
    if not power.any():
        raise ValueError(
            "no noise was found in the images: they are made by a program, or were "
            "denoised already; choose images as the camera gave them"
        )
    n_groups = min(_N_GROUPS, max(1, level.size // _BLOCKS_PER_GROUP))
    groups = np.array_split(np.argsort(level, kind="stable"), n_groups)
    signal = np.array([level[g].mean() for g in groups])
    calm = np.array([np.percentile(power[g], _CALM_PERCENTILE) for g in groups])
    variance = calm / _CALM_SHARE
    least = max(greys.step**2 / 12, 1e-12 * float(power.max()))
    smallest = max(least, float(variance[variance > 0].min(initial=power.max())))
    variance = np.maximum(variance, smallest)
    slope, intercept = _line(signal, variance)
    mean = float(np.maximum(slope * level + intercept, smallest).mean())
    return NoiseLevels(
        signal,
        variance,
        slope,
        intercept,
        floor=0.5 * smallest,
        total=_total(parts),
        mean_variance=mean,
        rough_variance=float(np.median(variance)),
    )


def _blocks(
    parts: Sequence[NDArray[np.float32]], greys: Greys
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean level and mean squared roughness of blocks that are not clipped."""
    levels, powers = [], []
    for part in parts:
        rough = rough_of(part)
        ends = (part <= 0) & (greys.zeros > 0)
        if greys.saturation is not None:
            ends = ends | (part >= greys.saturation - greys.low)
        level, power, clipped = (
            blocks_of(values).mean(axis=(1, 3)).ravel()
            for values in (part, rough**2, ends.astype(np.float32))
        )
        whole = clipped <= 0.02
        if whole.mean() < 0.05:
            whole = clipped <= np.percentile(clipped, 10)
        levels.append(level[whole])
        powers.append(power[whole])
    return (
        np.concatenate(levels).astype(np.float64),
        np.concatenate(powers).astype(np.float64),
    )


def rough_of(part: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the second difference along both axes, of the variance of white noise."""
    once = ndimage.convolve1d(part, _KERNEL, axis=0, mode="mirror")
    rough: NDArray[np.float32] = ndimage.convolve1d(once, _KERNEL, axis=1) / 6
    return rough


def blocks_of(image: NDArray[np.float32], size: int = BLOCK) -> NDArray[np.float32]:
    """Cut an image into square blocks, (rows, size, columns, size); drop the rest."""
    rows, columns = (n // size for n in image.shape)
    cut = image[: rows * size, : columns * size]
    return cut.reshape(rows, size, columns, size)


def _line(
    signal: NDArray[np.float64], variance: NDArray[np.float64]
) -> tuple[float, float]:
    """Fit a line to variances, each to its relative error; outliers count less."""
    if signal.size < 3 or np.ptp(signal) <= 0:
        return 0.0, float(np.median(variance))
    weight = variance**-2
    slope, intercept = 0.0, float(np.median(variance))
    for _ in range(10):
        mean_s, mean_v = (np.average(a, weights=weight) for a in (signal, variance))
        apart = signal - mean_s
        power = np.sum(weight * apart**2)
        slope = float(np.sum(weight * apart * (variance - mean_v)) / power)
        slope = max(slope, 0.0)
        intercept = float(mean_v - slope * mean_s)
        fitted = np.maximum(slope * signal + intercept, 0.1 * variance.min())
        error = (variance - fitted) / fitted
        spread = 1.5 * float(np.median(np.abs(error))) + 1e-3
        weight = 1 / (fitted**2 * (1 + (error / (2 * spread)) ** 2))
    return slope, intercept


def _total(parts: Sequence[NDArray[np.float32]]) -> float:
    pixels = np.concatenate([part[::2, ::2].ravel() for part in parts])
    low, high = np.percentile(pixels, (0.1, 99.9))
    return float(np.clip(pixels, low, high).var(dtype=np.float64))
