"""What is left over when a signal is taken away, and whether it is noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH = 3
"""Lags of the autocorrelation, in pixels, along both axes."""


def autocorrelation(residual: NDArray[Any], *, reach: int = REACH) -> NDArray[Any]:
    """Return how alike the residuals of neighbouring pixels are.

    Parameters
    ----------
    residual : ndarray, shape (N, Y, X) or (Y, X)
        Observation minus signal, best in standard deviations of the noise. NaN where
        there is none.
    reach : int
        Largest lag along both axes, in pixels.

    Returns
    -------
    ndarray, shape (2 * reach + 1, 2 * reach + 1)
        -1 to 1; 1 in the middle, where ``[reach + dy, reach + dx]`` is the lag. Zero
        elsewhere for noise that is independent from pixel to pixel, but for an error
        of one over the root of the number of pixels.

    Raises
    ------
    ValueError
        If an image is not larger than `reach` along both axes.
    """
    images = _centred(residual)
    if min(images.shape[1:]) <= reach:
        raise ValueError(
            f"an image of {images.shape[1:]} pixels has no neighbours {reach} pixels "
            f"apart: take a larger region"
        )
    known = np.isfinite(images)
    values = np.where(known, images, 0.0)
    power = np.sum(values**2) / max(int(known.sum()), 1)
    table = np.ones((2 * reach + 1, 2 * reach + 1))
    for dy in range(reach + 1):
        for dx in range(-reach, reach + 1):
            product, weight = _lagged(values, dy, dx), _lagged(known, dy, dx)
            value = product / max(weight * power, 1e-300)
            table[reach + dy, reach + dx] = table[reach - dy, reach - dx] = value
    table[reach, reach] = 1.0
    return table


def line_ratios(residual: NDArray[Any]) -> tuple[float, float]:
    """Return the variance of row means and of column means, relative to white noise.

    Parameters
    ----------
    residual : ndarray, shape (N, Y, X) or (Y, X)
        Observation minus signal; NaN where there is none.

    Returns
    -------
    tuple of float
        For rows and for columns: 1 for noise that is independent from pixel to pixel,
        more where whole lines are brighter or darker together than the next line:
        what changes slowly over the image does not count.
    """
    images = _centred(residual)
    power = float(np.nanmean(images**2))
    return _line_ratio(images, 2, power), _line_ratio(images, 1, power)


def rank_histogram(
    values: NDArray[Any], replicates: NDArray[Any], *, n_bins: int = 20, seed: int = 0
) -> NDArray[np.float64]:
    """Count where values stand among their replicates: flat if they are alike.

    Parameters
    ----------
    values : ndarray, shape (P,)
        What was observed.
    replicates : ndarray, shape (K, P)
        What could have been observed instead.
    n_bins : int
        Bins of the rank, from below all replicates to above them.
    seed : int
        Ranks are spread evenly over the bins with random numbers of this seed.

    Returns
    -------
    ndarray, shape (n_bins,)
        Share of the values in each bin; they sum to 1. The histogram of the probability
        integral transform (Gneiting et al., 2007): U-shaped if the replicates vary too
        little, a hump if they vary too much, slanted if they are too dark or bright.
    """
    below = np.zeros(values.shape, np.int32)
    for replicate in replicates:
        below += replicate < values
    spread = np.random.default_rng(seed).random(values.shape)
    place = (below + spread) / (len(replicates) + 1)
    counts, _ = np.histogram(place, n_bins, (0.0, 1.0))
    return counts / max(values.size, 1)


def _centred(residual: NDArray[Any]) -> NDArray[np.float64]:
    images = np.asarray(residual, dtype=np.float64)
    images = images.reshape(-1, *images.shape[-2:])
    return images - np.nanmean(images)


def _lagged(images: NDArray[Any], dy: int, dx: int) -> float:
    n_rows, n_columns = images.shape[1:]
    left, right = max(-dx, 0), max(dx, 0)
    first = images[:, : n_rows - dy, left : n_columns - right]
    second = images[:, dy:, right : n_columns - left]
    return float(np.einsum("nyx,nyx->", first, second, dtype=np.float64))


def _line_ratio(images: NDArray[Any], axis: int, power: float) -> float:
    known = np.maximum(np.isfinite(images).sum(axis=axis), 1)
    means = np.nansum(images, axis=axis) / known
    steps = np.diff(means, axis=1)
    # The mean of n pixels of white noise has one n-th of their variance.
    expected = power * (1 / known[:, 1:] + 1 / known[:, :-1])
    return float(np.mean(steps**2 / np.maximum(expected, 1e-300)))
