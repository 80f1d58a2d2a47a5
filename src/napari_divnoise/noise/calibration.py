"""A noise model from frames of one still scene: their mean stands for the signal."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from .fitting import fit_to_pairs
from .joint import JointHistogram, joint_histogram
from .pairs import as_real_array

if TYPE_CHECKING:
    import numpy.typing as npt

    from .gaussian import GaussianNoiseModel
    from .mixture import MixtureNoiseModel

# Below this number of frames the mean itself is noisy enough to blur the model.
_FEW_FRAMES = 8


def calibrate_noise_model(
    frames: npt.ArrayLike,
    *,
    kind: str = "mixture",
    trim: tuple[float, float] = (0.0, 100.0),
    **settings: Any,
) -> MixtureNoiseModel | GaussianNoiseModel:
    """Fit a noise model to frames of one still scene.

    Parameters
    ----------
    frames : array, shape (N, Y, X)
        Observations of the same signal, in camera units. Two at least; fifty make a
        good signal. Lazy arrays are read frame by frame.
    kind, trim, **settings
        As in `fit_noise_model`.

    Warns
    -----
    UserWarning
        If there are fewer than eight frames.

    Raises
    ------
    ValueError
        If `frames` is no stack of two or more images, or unfit for a fit.

    Notes
    -----
    It is assumed that nothing moves, bleaches or drifts: what changes from frame to
    frame is taken for noise.
    """
    return fit_to_pairs(
        count_calibration_pairs(frames, trim=trim), kind=kind, **settings
    )


def calibration_pairs(
    frames: npt.ArrayLike,
) -> tuple[npt.ArrayLike, npt.NDArray[np.float32]]:
    """Return frames of a still scene, as they are, and their mean as the signal.

    Parameters
    ----------
    frames : array, shape (N, Y, X)
        Observations in camera units, two at least.

    Returns
    -------
    observation : array, shape (N, Y, X)
        `frames`.
    signal : numpy.ndarray, shape (Y, X)
        Their mean, in camera units.
    """
    stack = _check(frames)
    total = np.zeros(stack.shape[1:], np.float64)
    for n in range(stack.shape[0]):
        total += np.asarray(stack[n], dtype=np.float64)
    return stack, (total / stack.shape[0]).astype(np.float32)


def count_calibration_pairs(
    frames: npt.ArrayLike, *, trim: tuple[float, float] = (0.0, 100.0)
) -> JointHistogram:
    """Count the calibration pairs of a still scene, for `fit_to_pairs`.

    A frame is nearer to a mean that it is part of than to the signal, so that its
    residuals have ``(N - 1) / N`` of the variance of the noise. They are scaled up.
    """
    observation, signal = calibration_pairs(frames)
    n_frames = np.shape(observation)[0]
    if n_frames < _FEW_FRAMES:
        warnings.warn(
            f"the mean of {n_frames} frames is a noisy signal: with {_FEW_FRAMES} "
            f"frames or more, better fifty, the noise model is sharper",
            stacklevel=3,
        )
    scale = math.sqrt(n_frames / (n_frames - 1))
    return joint_histogram(observation, signal, trim=trim, residual_scale=scale)


def _check(frames: Any) -> Any:
    stack = as_real_array(frames)
    if len(stack.shape) != 3 or stack.shape[0] < 2:
        raise ValueError(
            f"calibration needs two or more frames of one still scene, shape "
            f"(N, Y, X), got shape {tuple(stack.shape)}: acquire a short film of a "
            f"sample that does not move"
        )
    return stack
