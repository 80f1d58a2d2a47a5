"""Can a network learn from these images? What is wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .intensities import saturation_value
from .sampling import sample_pixels

if TYPE_CHECKING:
    from .stack import ImageStack

MIN_SIZE = 32
"""Rows and columns, in pixels, below which no network here can be trained."""

_FEW_LEVELS = 8
_MANY_SATURATED = 0.01
_ALL_SATURATED = 0.99
_MAX_PIXELS = 1 << 24


@dataclass(frozen=True, slots=True)
class _Tally:
    """What was seen in the sampled pixels."""

    n_pixels: int
    n_bad: int
    low: float
    high: float
    n_highest: int
    levels: frozenset[float]

    @property
    def share_highest(self) -> float:
        return self.n_highest / max(self.n_pixels, 1)


def check_trainable(stack: ImageStack) -> list[str]:
    """Refuse images that nothing can be learned from; warn of poor ones.

    All pixels are looked at up to 16 million, of more a random sample. Negative
    values and floats of any range are fine.

    Parameters
    ----------
    stack : ImageStack
        Camera units.

    Returns
    -------
    list of str
        A sentence for each thing that a person should know: few grey levels, many
        saturated pixels. Empty if all is well.

    Raises
    ------
    ValueError
        If images are smaller than 32x32 pixels, hold NaN or infinite values, or are
        constant, all zero or saturated throughout.
    """
    height, width = stack.size
    if min(height, width) < MIN_SIZE:
        raise ValueError(
            f"the images are {height}x{width} pixels: training needs at least "
            f"{MIN_SIZE}x{MIN_SIZE}; choose larger images or check the axes"
        )
    tally = _tally(stack)
    limit = saturation_value(stack.data.dtype, tally.high)
    saturated = tally.share_highest if tally.high == limit else 0.0
    _refuse_hopeless(tally, saturated)
    return _warnings(tally, saturated)


def _refuse_hopeless(tally: _Tally, saturated: float) -> None:
    if tally.n_bad:
        raise ValueError(
            f"{tally.n_bad} of {tally.n_pixels} pixels are NaN or infinite: replace "
            f"them first, for example with numpy.nan_to_num, or crop them away"
        )
    if saturated >= _ALL_SATURATED:
        raise ValueError(
            f"{100 * saturated:.3g} % of the pixels are saturated (at {tally.high:g}): "
            f"what was there is lost; use a shorter exposure or other images"
        )
    if tally.low == tally.high == 0:
        raise ValueError(
            "all pixels are 0: the images are empty; check the file, the channel and "
            "the shutter"
        )
    if tally.low == tally.high:
        raise ValueError(
            f"all pixels are {tally.low:g}: a constant image has neither signal nor "
            f"noise to learn from; choose another one, or another channel"
        )


def _warnings(tally: _Tally, saturated: float) -> list[str]:
    sentences = []
    if len(tally.levels) <= _FEW_LEVELS:
        sentences.append(
            f"The images have only {len(tally.levels)} grey levels: they were probably "
            f"rescaled or compressed after the camera. Use the camera's own files."
        )
    if saturated > _MANY_SATURATED:
        sentences.append(
            f"{100 * saturated:.2g} % of the pixels are saturated (at {tally.high:g}): "
            f"the result means nothing there. Use a shorter exposure if you can."
        )
    return sentences


def _tally(stack: ImageStack) -> _Tally:
    """Look at the pixels once, block by block."""
    n_pixels = n_bad = n_highest = 0
    low, high = np.inf, -np.inf
    levels: set[float] = set()
    for pixels in sample_pixels(stack, max_pixels=_MAX_PIXELS):
        finite = _finite(pixels)
        n_pixels += pixels.size
        n_bad += pixels.size - finite.size
        if not finite.size:
            continue
        top = float(finite.max())
        if top > high:
            high, n_highest = top, 0
        n_highest += int(np.count_nonzero(finite == high))
        low = min(low, float(finite.min()))
        if len(levels) <= _FEW_LEVELS:
            levels.update(_some_levels(finite))
    return _Tally(n_pixels, n_bad, low, high, n_highest, frozenset(levels))


def _finite(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if pixels.dtype.kind != "f":
        return pixels
    finite = np.isfinite(pixels)
    return pixels if finite.all() else pixels[finite]


def _some_levels(pixels: np.ndarray[Any, Any]) -> list[float]:
    """Return the grey levels of pixels; of a great many, more than count as few."""
    # A look at some pixels spares sorting all of them in an ordinary image.
    for part in (pixels[:: max(1, pixels.size // 1000)], pixels):
        levels = np.unique(part)
        if levels.size > _FEW_LEVELS:
            break
    return [float(level) for level in levels[: _FEW_LEVELS + 1]]
