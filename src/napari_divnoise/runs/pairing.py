"""Pairs of noisy and denoised images: do they fit, and which are kept back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..noise import joint_histogram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..noise import JointHistogram, NoiseModel

TRIM = (0.5, 99.5)
"""Percentiles of a guessed signal between which it is trusted."""

BAND = 32
"""Rows of pixels that are kept back together."""


def check_denoised(observation: Any, denoised: Any) -> None:
    """Check that one stack could be a denoising of the other.

    Raises
    ------
    ValueError
        Naming both shapes.
    """
    noisy, clean = tuple(observation.shape), tuple(denoised.shape)
    if noisy != clean:
        raise ValueError(
            f"the noisy images have shape {noisy} (images, rows, columns), the "
            f"denoised ones {clean}: give the denoised version of the same images"
        )


def pairs_of_rows(
    observation: NDArray[Any],
    signal: NDArray[Any],
    half: int,
    *,
    trim: tuple[float, float] = (0.0, 100.0),
) -> JointHistogram:
    """Count the pairs of every other band of rows, the first (0) or the second (1).

    Parameters
    ----------
    observation, signal : ndarray, shape (N, Y, X)
        Camera units.
    half : int
        0 or 1.
    trim : tuple of float
        Percentiles of the signal between which pairs are used.
    """
    rows = np.arange(observation.shape[1]) // BAND % 2 == half
    return joint_histogram(observation[:, rows], signal[:, rows], trim=trim)


def held_out_gain(
    new: Sequence[NoiseModel],
    old: NoiseModel,
    observation: NDArray[Any],
    signal: NDArray[Any],
) -> float:
    """Return what new models gain over an old one where they were not fitted.

    Parameters
    ----------
    new : sequence of NoiseModel
        Fitted to the first and to the second half of `pairs_of_rows`.
    old : NoiseModel
        What they are compared with.
    observation, signal : ndarray, shape (N, Y, X)
        Camera units.

    Returns
    -------
    float
        Nats per pixel; above 0 where the new ones describe the noise better.
    """
    halves = [pairs_of_rows(observation, signal, half, trim=TRIM) for half in (0, 1)]
    gains = [
        _log_likelihood(model, pairs) - _log_likelihood(old, pairs)
        for model, pairs in zip(new, reversed(halves), strict=True)
    ]
    return float(np.mean(gains))


def _log_likelihood(noise_model: NoiseModel, pairs: JointHistogram) -> float:
    log_prob = noise_model.log_prob(observation=pairs.observation, signal=pairs.signal)
    return float(np.average(log_prob, weights=pairs.count))
