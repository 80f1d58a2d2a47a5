"""Noise with structure kept out: its spectrum, its neighbours, its rows, columns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .calm import NoiseLevels

REACH = 3
TILE = 16
"""Edge of what is looked at, in pixels: small, as calm places are."""
_HOP = 8
_CALM = 0.3
_FEWEST = 64
_LOW = 2
_LOWEST = 3
"""Bins of the spectrum of a tile up to which structure may hide the noise."""
_HIGH = 5
"""Bins from which on there is hardly anything but noise."""
# Of an exponential distribution of mean 1, and of the square of a normal one.
_MEDIAN_OF_POWER = np.log(2)
_MEDIAN_OF_REAL_POWER = 0.4549
_CURVATURE = np.array([1.0, -2.0, 1.0])
_GAIN_OF_CURVATURE = 6.0
_ACROSS = np.array([1.0, 0.0, 0.0, 0.0, -1.0])
_FROM = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """What the noise in calm places looks like.

    Attributes
    ----------
    spectrum : ndarray, shape (16, 16)
        Power at each frequency, 1 on average in the half where both are high.
    autocorrelation : ndarray, shape (7, 7)
        1 in the middle.
    row_ratio, column_ratio : float
        Variance of row (column) means relative to white noise.
    hot_pixels : float
        Share of the pixels.
    fall : float
        Power of middle frequencies over that of high ones.
    peak : float
        Highest power of a single frequency over what is usual along both axes.
    n_tiles : int
        Calm tiles of 16x16 pixels that were asked.
    """

    spectrum: NDArray[np.float64]
    autocorrelation: NDArray[np.float64]
    row_ratio: float
    column_ratio: float
    hot_pixels: float
    fall: float
    peak: float
    n_tiles: int

    @property
    def chance(self) -> float:
        """How far from 0 the autocorrelation of white noise strays, about."""
        # Medians stray more than means, and the border of a tile hardly counts.
        return 3 / (TILE * math.sqrt(self.n_tiles))


def look_at_residuals(
    parts: Sequence[NDArray[np.float32]], levels: NoiseLevels
) -> Residuals:
    """Measure spectrum, autocorrelation and stripes of the noise of calm places."""
    spectrum, n_tiles = _spectrum(parts, levels)
    return Residuals(
        spectrum=spectrum,
        autocorrelation=_autocorrelation(spectrum),
        row_ratio=line_ratio(parts, levels),
        column_ratio=line_ratio([part.T for part in parts], levels),
        hot_pixels=_hot_pixels(parts, levels),
        fall=_fall(spectrum),
        peak=_peak(spectrum),
        n_tiles=n_tiles,
    )


def _spectrum(
    parts: Sequence[NDArray[np.float32]], levels: NoiseLevels
) -> tuple[NDArray[np.float64], int]:
    """Return the usual power spectrum of calm tiles, and how many there were."""
    tiles = np.concatenate([_tiles(part) for part in parts])
    level = tiles.mean(axis=(1, 2))
    tiles = tiles - level[:, None, None]
    window = np.hanning(TILE + 1)[:-1].astype(np.float32)
    window2 = np.outer(window, window)
    tiles = _without_plane(tiles) * window2
    power = np.abs(fft.rfft2(tiles)) ** 2 / levels.at(level)[:, None, None]
    # Structure is seen first where frequencies are lowest: calm tiles have least.
    low = np.r_[0 : _LOW + 1, -_LOW:0]
    unrest = power[:, low, : _LOW + 1].sum(axis=(1, 2))
    n_calm = min(max(_FEWEST, round(_CALM * len(power))), len(power))
    calm = np.argpartition(unrest, n_calm - 1)[:n_calm]
    # The median is not moved by a few tiles with an edge in them.
    typical = np.median(power[calm], axis=0).astype(np.float64) / _MEDIAN_OF_POWER
    # These four have no imaginary part.
    real = np.ix_((0, TILE // 2), (0, TILE // 2))
    typical[real] *= _MEDIAN_OF_POWER / _MEDIAN_OF_REAL_POWER
    whole = _whole(typical)
    high = np.abs(fft.fftfreq(TILE, 1 / TILE)) >= _HIGH
    whole /= whole[np.ix_(high, high)].mean()
    return whole, n_calm


def _tiles(part: NDArray[np.float32]) -> NDArray[np.float32]:
    view = np.lib.stride_tricks.sliding_window_view(part, (TILE, TILE))
    tiles = view[::_HOP, ::_HOP].reshape(-1, TILE, TILE)
    return tiles


def _without_plane(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take the slope along both axes out of tiles whose mean is 0."""
    ramp = (np.arange(TILE) - (TILE - 1) / 2).astype(np.float32)
    power = TILE * float((ramp**2).sum())
    along_y = tiles.sum(axis=2) @ ramp / power
    along_x = tiles.sum(axis=1) @ ramp / power
    result: NDArray[np.float32] = (
        tiles - along_y[:, None, None] * ramp[:, None] - along_x[:, None, None] * ramp
    )
    return result


def _whole(half: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return all frequencies of a real image's half spectrum."""
    whole = np.zeros((TILE, TILE))
    n = half.shape[1]
    whole[:, :n] = half
    mirrored = np.roll(half[::-1], 1, axis=0)
    whole[:, n:] = mirrored[:, 1 : n - 1][:, ::-1]
    return whole


def _autocorrelation(spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the autocorrelation that belongs to a spectrum, without the structure."""
    filled = _filled(spectrum)
    covariance = fft.ifft2(filled).real
    window = np.hanning(TILE + 1)[:-1]
    lag = np.correlate(window, window, "full")[TILE - 1 :][: REACH + 1]
    lag = lag / lag[0]
    lags = np.abs(np.arange(-REACH, REACH + 1))
    cut = np.roll(covariance, (REACH, REACH), (0, 1))[: 2 * REACH + 1, : 2 * REACH + 1]
    table = cut / np.outer(lag[lags], lag[lags]) / covariance[0, 0]
    table[REACH, REACH] = 1.0
    clipped: NDArray[np.float64] = np.clip(table, -1.0, 1.0)
    return clipped


def _filled(spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put what noise has at high frequencies of one axis in place of the low ones.

    Noise is a sum or a product of what it is along either axis, as far as cameras and
    scanners go, and the optics leave structure at low frequencies of both axes only.
    """
    number = np.abs(fft.fftfreq(TILE, 1 / TILE))
    high = number >= _HIGH
    along_x = spectrum[high].mean(axis=0)
    along_y = spectrum[:, high].mean(axis=1)
    # 1 is the mean where both are high, by the definition of the spectrum.
    expected = np.outer(along_y, along_x)
    low = np.maximum(number[:, None], number) <= _LOWEST
    return np.where(low, expected, spectrum)


def _fall(spectrum: NDArray[np.float64]) -> float:
    number = np.abs(fft.fftfreq(TILE, 1 / TILE))
    middle = (number >= 2) & (number < _HIGH)
    return float(np.median(spectrum[np.ix_(middle, middle)]))


def _peak(spectrum: NDArray[np.float64]) -> float:
    number = np.abs(fft.fftfreq(TILE, 1 / TILE))
    high = number >= _HIGH
    # Medians, so that the peak is not part of what it is compared with.
    usual = np.outer(
        np.median(spectrum[:, high], axis=1), np.median(spectrum[high], axis=0)
    )
    seen = np.maximum(number[:, None], number) > _LOWEST
    return float((spectrum / usual)[seen].max())


def line_ratio(parts: Sequence[NDArray[np.float32]], levels: NoiseLevels) -> float:
    """Return the variance of row means over that of white noise, in calm places."""
    ratios, weights = [], []
    for part in parts:
        white, calm = _without_structure(part, levels)
        known = calm.sum(axis=1)
        total = np.where(calm, white, 0).sum(axis=1, dtype=np.float64)
        means = total / np.sqrt(np.maximum(known, 1))
        noise = float((white[calm] ** 2).mean(dtype=np.float64)) if calm.any() else 0.0
        if noise <= 0:
            continue
        power = np.abs(fft.rfft(means)) ** 2 / max(np.count_nonzero(known), 1)
        # The filter took the low frequencies away: what it left is set right.
        turn = 2 * np.pi * np.arange(power.size) / means.size
        gain = (2 - 2 * np.cos(turn)) ** 2 / _GAIN_OF_CURVATURE
        high = slice(int(_FROM * power.size), None)
        level = float(np.median(power[high] / gain[high])) / _MEDIAN_OF_POWER
        ratios.append(level / noise)
        weights.append(part.size)
    return float(np.average(ratios, weights=weights)) if ratios else 1.0


def _without_structure(
    part: NDArray[np.float32], levels: NoiseLevels
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return curvature along y in standard deviations of the noise, and calm places."""
    smooth = ndimage.uniform_filter(part, 9)
    sigma = np.sqrt(levels.at(smooth))
    kernel = _CURVATURE / _GAIN_OF_CURVATURE**0.5
    white = ndimage.convolve1d(part, kernel, axis=0, mode="wrap") / sigma
    across = ndimage.convolve1d(smooth, _ACROSS, axis=0, mode="nearest")
    along = ndimage.convolve1d(smooth, _ACROSS, axis=1, mode="nearest")
    unrest = np.maximum(np.abs(across), np.abs(along)) / sigma
    calm = unrest <= np.percentile(unrest, 80)
    calm[[0, -1]] = False
    return white, calm


def _hot_pixels(parts: Sequence[NDArray[np.float32]], levels: NoiseLevels) -> float:
    """Return the share of pixels that are far above all of their neighbours."""
    n_hot = n_pixels = 0
    ring = np.ones((3, 3), bool)
    ring[1, 1] = False
    for part in parts:
        around = ndimage.maximum_filter(part, footprint=ring)
        hot = part - around > 6 * np.sqrt(levels.at(part))
        n_hot += int(np.count_nonzero(hot))
        n_pixels += part.size
    return n_hot / n_pixels
