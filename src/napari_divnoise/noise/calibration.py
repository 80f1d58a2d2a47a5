"""A noise model from frames of one still scene: their mean stands for the signal."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from .fitting import FittedNoiseModel, fit_to_pairs
from .joint import JointHistogram, joint_histogram
from .pair_checks import check_one_camera
from .scene import Scene, look_at_scene
from .smooth import as_frames, smooth_pairs

if TYPE_CHECKING:
    import numpy.typing as npt

# Below this number of frames the mean itself is noisy enough to blur the model.
_FEW_FRAMES = 8
# Pixels over which moving an image by parts of a pixel spreads its noise.
_SPLINE = 6


def calibrate_noise_model(
    frames: npt.ArrayLike,
    *,
    kind: str = "mixture",
    trim: tuple[float, float] = (0.0, 100.0),
    **settings: Any,
) -> FittedNoiseModel:
    """Fit a noise model to frames of one still scene, or to one defocused frame.

    Parameters
    ----------
    frames : array, shape (N, Y, X), or (Y, X) or (1, Y, X)
        Observations of the same signal, in camera units. Two at least; fifty make a
        good signal. One alone must be out of focus: its signal is found by smoothing.
        Lazy arrays are read frame by frame.
    kind, trim, **settings
        As in `fit_noise_model`.

    Warns
    -----
    UserWarning
        If there are fewer than eight frames.

    Raises
    ------
    ValueError
        If `frames` is no such array, the scene moves too far or changes, a single
        frame shows structure, or the frames are unfit for a fit.

    Notes
    -----
    Where the scene drifts or its brightness changes, the signal follows each frame; the
    observations stay as they are, since moving them would blur their noise:
    `look_at_scene` tells what was found.
    """
    return fit_to_pairs(
        count_calibration_pairs(frames, trim=trim), kind=kind, **settings
    )


def calibration_pairs(frames: npt.ArrayLike) -> tuple[Any, Any]:
    """Return frames of a still scene, as they are, and their signal.

    Parameters
    ----------
    frames : array, shape (N, Y, X), or (Y, X) or (1, Y, X)
        Observations in camera units: a still scene, or one defocused frame.

    Returns
    -------
    observation : array
        `frames`, without a border where the scene drifts; of a defocused frame those
        pixels, flat, whose signal is known.
    signal : array
        Of shape (Y, X), the mean of the frames; where drift or brightness was
        corrected, of shape (N, Y, X), worked out frame by frame when it is indexed.

    Raises
    ------
    ValueError
        As `look_at_scene` does.
    """
    observation, signal, _ = _pairs(frames)
    return observation, signal


def count_calibration_pairs(
    frames: npt.ArrayLike, *, trim: tuple[float, float] = (0.0, 100.0)
) -> JointHistogram:
    """Count the calibration pairs of a still scene, for `fit_to_pairs`.

    A frame is nearer to a mean that it is part of than to the signal, so that its
    residuals have ``(N - 1) / N`` of the variance of the noise. They are scaled up.
    """
    observation, signal, scale = _pairs(frames)
    if np.ndim(observation) == 3:
        check_one_camera(observation, signal)
    n_frames = np.shape(observation)[0] if len(np.shape(observation)) == 3 else 1
    if 1 < n_frames < _FEW_FRAMES:
        warnings.warn(
            f"the mean of {n_frames} frames is a noisy signal: with {_FEW_FRAMES} "
            f"frames or more, better fifty, the noise model is sharper",
            stacklevel=3,
        )
    return joint_histogram(observation, signal, trim=trim, residual_scale=scale)


def _pairs(frames: Any) -> tuple[Any, Any, float]:
    """Return observation, signal, and the factor that residuals are too small by."""
    stack = as_frames(frames)
    scene = look_at_scene(stack)
    if scene.is_smooth:
        return *smooth_pairs(stack[0]), 1.0
    n_frames = stack.shape[0]
    scale = math.sqrt(n_frames / (n_frames - 1))
    if not scene.drifts:
        mean = _mean(stack)
        if not scene.changes_brightness:
            return stack, mean, scale
        return stack, Followed(mean, scene, 0), scale
    edge = int(np.ceil(np.abs(scene.shifts).max())) + _SPLINE
    signal = Followed(_mean(stack, scene.shifts), scene, edge)
    inner = slice(edge, -edge)
    return stack[:, inner, inner], signal, _scale_of_shifted(scene.shifts)


def _mean(
    stack: Any, shifts: npt.NDArray[np.float64] | None = None
) -> npt.NDArray[np.float32]:
    """Return the mean of the frames, each moved back by its shift."""
    total = np.zeros(stack.shape[1:], np.float64)
    for n in range(stack.shape[0]):
        frame = np.asarray(stack[n], dtype=np.float64)
        total += frame if shifts is None else _moved(frame, -shifts[n])
    mean: npt.NDArray[np.float32] = (total / stack.shape[0]).astype(np.float32)
    return mean


def _moved(image: Any, shift: Any) -> Any:
    return ndimage.shift(image, shift, order=3, mode="nearest")


def _scale_of_shifted(shifts: npt.NDArray[np.float64]) -> float:
    """Return the factor by which residuals are too small where frames were moved.

    The noise of a frame comes back to it through the mean, blurred by moving it there
    and back; that of the others by moving it once more.
    """
    n = len(shifts)
    dot = np.zeros((4 * _SPLINE + 1,) * 2)
    dot[2 * _SPLINE, 2 * _SPLINE] = 1
    there = [_moved(dot, -(shift % 1)) for shift in shifts]
    left = []
    for i, shift in enumerate(shifts):
        back = [_moved(kernel, shift % 1) for kernel in there]
        own = back[i][2 * _SPLINE, 2 * _SPLINE]
        left.append(1 - 2 * own / n + sum((b**2).sum() for b in back) / n**2)
    return 1 / math.sqrt(float(np.mean(left)))


class Followed:
    """The signal of each frame of a scene that drifts or changes its brightness.

    It is indexed like an array of shape (N, Y, X), float32, and holds one image.

    Parameters
    ----------
    mean : numpy.ndarray, shape (Y, X)
        The signal at the mean position and brightness.
    scene : Scene
        How each frame differs.
    edge : int
        Pixels that are left out along all borders.
    """

    dtype = np.dtype(np.float32)
    ndim = 3

    def __init__(self, mean: npt.NDArray[np.float32], scene: Scene, edge: int) -> None:
        self._mean = mean
        self._scene = scene
        self._edge = edge
        rows, columns = (n - 2 * edge for n in mean.shape)
        self.shape = (len(scene.gains), rows, columns)

    def __len__(self) -> int:
        """Return the number of frames."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        """Return the signals of some frames, or one that waits to be asked."""
        first, *rest = key if isinstance(key, tuple) else (key,)
        if isinstance(first, slice):
            frames = [self.frame(n) for n in range(len(self))[first]]
            none = np.zeros((0, *self.shape[1:]), self.dtype)
            stack = np.stack(frames) if frames else none
            return stack[(slice(None), *rest)]
        one = _Frame(self, range(len(self))[first])
        return one[tuple(rest)] if rest else one

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        """Work out the signals of all frames."""
        signals: npt.NDArray[Any] = self[:].astype(dtype or self.dtype)
        return signals

    def frame(self, n: int) -> npt.NDArray[np.float32]:
        """Work out the signal of a frame."""
        shift = self._scene.shifts[n]
        moved = _moved(self._mean, shift) if shift.any() else self._mean
        inner = slice(self._edge, self._mean.shape[0] - self._edge)
        across = slice(self._edge, self._mean.shape[1] - self._edge)
        gain, offset = self._scene.gains[n], self._scene.offsets[n]
        signal: npt.NDArray[np.float32] = (gain * moved[inner, across] + offset).astype(
            np.float32
        )
        return signal


class _Frame:
    """One of them, worked out when its pixels are asked for, and then kept."""

    dtype = np.dtype(np.float32)
    ndim = 2

    def __init__(self, signals: Followed, n: int) -> None:
        self.shape = signals.shape[1:]
        self._signals = signals
        self._n = n
        self._pixels: npt.NDArray[np.float32] | None = None

    def __array__(self, dtype: Any = None, copy: Any = None) -> npt.NDArray[Any]:
        if self._pixels is None:
            self._pixels = self._signals.frame(self._n)
        pixels: npt.NDArray[Any] = self._pixels.astype(dtype or self.dtype, copy=False)
        return pixels

    def __getitem__(self, key: Any) -> Any:
        return np.asarray(self)[key]
