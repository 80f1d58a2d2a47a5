"""One defocused frame: its signal is smooth, all that is not is noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .pairs import as_real_array

# In pixels. A frame that must be smoothed less is in focus: the frames of FMD that show
# nuclei would pass at 4 to 6 pixels, with their edges taken for noise.
_WIDTHS = (16.0, 11.0, 8.0)
# Mean correlation of the residual, 2 to 4 pixels apart, that noise alone does not have.
_STRUCTURED = 0.01
# A smoothed signal is used where smoothing twice as much moves it by less than this, in
# standard deviations of the noise; it is off itself by a third of that.
_BENT = 0.3
_MIN_SHARE = 0.05
_MIN_SIDE = 64


def as_frames(frames: Any) -> Any:
    """Return frames as (N, Y, X), lazily.

    Raises
    ------
    ValueError
        If they are neither a stack nor one image.
    """
    stack = as_real_array(frames)
    if len(stack.shape) == 2:
        stack = stack[None]
    if len(stack.shape) != 3 or 0 in stack.shape:
        raise ValueError(
            f"calibration needs two or more frames of one still scene, shape "
            f"(N, Y, X), got shape {tuple(stack.shape)}: acquire a short film of a "
            f"sample that does not move, or one defocused frame (Y, X)"
        )
    return stack


def check_smooth(frame: npt.NDArray[np.float32]) -> str:
    """Say how a single frame is used.

    Raises
    ------
    ValueError
        If it is too small, or shows structure.
    """
    width, _, used = _smoothed(frame)
    return (
        f"One defocused frame: its signal is found by smoothing over {width:.0f} "
        f"pixels, in the {used.mean():.0%} of it where the brightness changes slowly"
    )


def smooth_pairs(frame: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32]]:
    """Return observations of a defocused frame, and their signals, flat.

    Raises
    ------
    ValueError
        If the frame is too small, or shows structure.
    """
    pixels = np.asarray(frame)
    _, signal, used = _smoothed(pixels.astype(np.float32))
    return pixels[used], signal[used]


def _smoothed(
    frame: npt.NDArray[np.float32],
) -> tuple[float, npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return the width of the smoothing, the signal, and where it can be trusted."""
    if min(frame.shape) < _MIN_SIDE or not np.isfinite(frame).all():
        raise ValueError(
            f"calibration needs two or more frames of one still scene, shape "
            f"(N, Y, X), got shape {(1, *frame.shape)}; one frame alone must be out of "
            f"focus, {_MIN_SIDE} pixels along both axes at least, and without NaN"
        )
    if frame.min() == frame.max():
        raise ValueError(
            f"the frame is constant at {frame.flat[0]:g}: a noise model needs images "
            f"with noise in them"
        )
    lowest = np.inf
    for width in _WIDTHS:
        signal = _ring(frame, width)
        residual = frame - signal
        std = np.sqrt(_ring(residual**2, 2 * width))
        bent = np.abs(signal - ndimage.gaussian_filter(frame, 2 * width)) / std
        used = bent < _BENT
        if used.mean() < _MIN_SHARE:
            continue
        correlation = _correlation(residual / std, used)
        lowest = min(lowest, correlation)
        if correlation < _STRUCTURED:
            return width, signal, used
    raise ValueError(
        f"the frame shows structure (correlation of the residual {lowest:.2f}), which "
        f"would be taken for noise: calibrate with two or more frames of a still "
        f"scene, (N, Y, X), or with one frame that is out of focus"
    )


def _ring(image: npt.NDArray[np.float32], width: float) -> npt.NDArray[np.float32]:
    """Smooth an image without the pixel itself, so that its noise is not in it."""
    smooth = ndimage.gaussian_filter(image, width)
    own = 1 / (2 * np.pi * width**2)
    result: npt.NDArray[np.float32] = (smooth - own * image) / (1 - own)
    return result


def _correlation(residual: npt.NDArray[Any], used: npt.NDArray[np.bool_]) -> float:
    """Return the correlation of pixels 2 to 4 apart, along both axes."""
    values = np.where(used, residual, 0).clip(-5, 5)
    total, pixels = 0.0, 0
    for axis in (0, 1):
        for lag in (2, 3, 4):
            near = [slice(None)] * 2
            far = [slice(None)] * 2
            near[axis], far[axis] = slice(None, -lag), slice(lag, None)
            both = used[tuple(near)] & used[tuple(far)]
            total += float((values[tuple(near)] * values[tuple(far)])[both].sum())
            pixels += int(both.sum())
    return total / max(pixels, 1)
