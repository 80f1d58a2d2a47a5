"""How one smoothed image differs from another: shift, gain and offset.

    frame = gain * mean + offset + dy * d mean / dy + dx * d mean / dx

is a linear regression for a small shift; larger ones are found by cross-correlation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

if TYPE_CHECKING:
    from .pairs import Array

SMOOTHING = 2.0
COARSER = 2
WHITE = 1 / (4 * np.pi * SMOOTHING**2)
"""Share of the variance of white noise that is left by the smoothing."""

_N_ROUNDS = 3
# What is followed must explain this many times more than chance does: about five
# standard deviations.
_CLEAR = 25.0


def compare(
    frame: npt.NDArray[np.float32], others: npt.NDArray[np.float32]
) -> tuple[Array, float, float, float]:
    """Return shift, gain and offset of a frame, and the variance that is left."""
    shift = coarse_shift(frame, others)
    for _ in range(_N_ROUNDS):
        moved = moved_by(others, shift)
        edge = int(np.ceil(np.abs(shift).max())) + 3
        edge = min(edge, (min(frame.shape) - 1) // 3)
        inner = (slice(edge, -edge or None),) * 2
        slopes = [-slope[inner].ravel() for slope in np.gradient(moved)]
        step, gain, offset, left = _regress(
            frame[inner].ravel().astype(np.float64),
            moved[inner].ravel().astype(np.float64),
            np.stack(slopes, axis=1),
        )
        shift = shift + step.clip(-2, 2)
        if np.abs(step).max() < 0.01:
            break
    return shift, gain, offset, left


def _regress(
    frame: Array, base: Array, slopes: Array
) -> tuple[Array, float, float, float]:
    """Return shift, gain, offset and what is left: each only where it shows.

    A ramp that moves is one that changes its brightness, and a flat scene shows neither
    gain nor shift. What does not make the frame clearly more like the others stays 0.
    """
    centre = base.mean()
    ones = np.ones((base.size, 1))
    n_independent = base.size * COARSER**2 * WHITE
    gain, step = 1.0, np.zeros(2)
    found, left = _fit(frame - base, ones)
    more, less = _fit(frame - base, np.column_stack([ones, base - centre]))
    if n_independent * (left - less) > _CLEAR * less:
        gain, found, left = 1 + more[1], more, less
    varied = ones if gain == 1 else np.column_stack([ones, base - centre])
    more, less = _fit(frame - base, np.column_stack([varied, slopes]))
    if n_independent * (left - less) > _CLEAR * less:
        gain = 1 + more[1] if gain != 1 else 1.0
        step, found, left = more[-2:] / max(gain, 0.1), more, less
    return step, float(gain), float(found[0] - (gain - 1) * centre), left


def _fit(target: Array, columns: Array) -> tuple[Array, float]:
    """Return coefficients, and the mean square that is left; blinking pixels aside."""
    weight = np.ones(target.size)
    for _ in range(2):
        found = np.linalg.lstsq(columns * weight[:, None], target * weight, rcond=None)[
            0
        ]
        left = target - columns @ found
        scale = 1.4826 * np.median(np.abs(left)) or 1.0
        weight = np.sqrt(1 / (1 + (left / (4 * scale)) ** 2))
    return np.asarray(found, np.float64), float(np.mean(left**2))


def moved_by(image: Any, shift: Any) -> Any:
    """Return an image moved by parts of a pixel; its borders are repeated."""
    return ndimage.shift(image, shift, order=3, mode="nearest")


def coarse_shift(frame: Any, others: Any) -> Array:
    """Return the shift, in whole pixels, that makes the others most like a frame."""
    window = np.outer(*(np.hanning(n) for n in frame.shape)).astype(np.float32)
    windowed = [(image - image.mean()) * window for image in (frame, others)]
    spectra = [fft.rfft2(image) for image in windowed]
    product = spectra[0] * np.conj(spectra[1])
    correlation = fft.irfft2(product, s=frame.shape)
    peak = np.array(np.unravel_index(correlation.argmax(), frame.shape))
    size = np.array(frame.shape)
    found = np.where(peak > size // 2, peak - size, peak)
    # White noise and flat scenes have no peak: at rest, then.
    rest = correlation[0, 0]
    power = [float((np.abs(part) ** 2).sum()) for part in windowed]
    alike = float(correlation.max()) / max(math.sqrt(power[0] * power[1]), 1e-30)
    # Noise is alike somewhere too, the more so the smaller the image.
    chance = math.sqrt(_CLEAR / (frame.size * COARSER**2 * WHITE))
    moves = correlation.max() > 1.02 * rest and alike > min(chance, 0.95)
    return found.astype(np.float64) if moves else np.zeros(2)
