"""The grey values of images: where they end, and how far apart they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .intensities import saturation_value
from .sampling import sample_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .stack import ImageStack

_MAX_PIXELS = 1 << 21
_PILE = 4.0
"""How many times its neighbours an end of the scale must hold to count as a pile."""

_ENOUGH = 20
"""Pixels per grey value from which on a value that nobody has is a hole."""


@dataclass(frozen=True, slots=True)
class Greys:
    """What the histogram of grey values says.

    Attributes
    ----------
    low, high : float
        Lowest and highest value.
    step : float
        Usual distance of neighbouring grey values; 0 for continuous ones.
    gaps : float
        Share of the values between the 10th and 90th percentile that no pixel
        has: an image that was stretched has holes.
    saturated : float
        Share of the pixels at `saturation`.
    saturation : float or None
        Value where pixels pile up at the top.
    zeros : float
        Share of the pixels that pile up at the lowest value; 0 if they do not.
    is_integer : bool
        Whether all values are whole numbers.
    """

    low: float
    high: float
    step: float
    gaps: float
    saturated: float
    saturation: float | None
    zeros: float
    is_integer: bool


def look_at_greys(stack: ImageStack) -> Greys:
    """Count the grey values of up to two million pixels."""
    sample = np.concatenate(list(sample_pixels(stack, max_pixels=_MAX_PIXELS)))
    values, counts = _histogram(sample)
    step, gaps = _step(values, counts)
    share = counts / counts.sum()
    limit = saturation_value(stack.data.dtype, float(values[-1]))
    at_end = float(values[-1]) == limit
    is_pile = values.size > 1 and share[-1] > _PILE * share[-6:-1].mean()
    saturation = float(values[-1]) if at_end or (is_pile and step) else None
    return Greys(
        low=float(values[0]),
        high=float(values[-1]),
        step=step,
        gaps=gaps,
        saturated=float(share[-1]) if saturation is not None else 0.0,
        saturation=saturation,
        zeros=_piled_at_bottom(values, share, step),
        is_integer=bool((values == np.round(values)).all()),
    )


def _histogram(sample: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the values that occur, rising, and how often."""
    if sample.dtype.kind in "iu":
        low, high = int(sample.min()), int(sample.max())
        if high - low < 1 << 20:
            counts = np.bincount((sample.astype(np.int64) - low).ravel())
            there = np.flatnonzero(counts)
            return (there + low).astype(np.float64), counts[there].astype(np.int64)
    values, counts = np.unique(sample, return_counts=True)
    return values.astype(np.float64), counts.astype(np.int64)


def _step(
    values: NDArray[np.float64], counts: NDArray[np.int64]
) -> tuple[float, float]:
    """Return the usual distance of neighbouring values and the share of holes."""
    n_pixels = int(counts.sum())
    if values.size < 2 or 4 * values.size > n_pixels:
        return 0.0, 0.0
    passed = np.cumsum(counts) / n_pixels
    first, last = np.searchsorted(passed, (0.1, 0.9))
    core = values[first : last + 1] if last > first + 1 else values
    steps = np.diff(core)
    # Equal grey values that were scaled to floats differ in their last digits.
    steps = steps[steps > 1e-6 * (values[-1] - values[0])]
    if not steps.size:
        return 0.0, 0.0
    smallest = float(steps.min())
    n_places = (core[-1] - core[0]) / smallest + 1
    if counts[first : last + 1].sum() < _ENOUGH * n_places:
        # So few pixels leave holes by chance.
        return smallest, 0.0
    return float(np.median(steps)), float(max(0.0, 1 - core.size / n_places))


def _piled_at_bottom(
    values: NDArray[np.float64], share: NDArray[np.float64], step: float
) -> float:
    """Return the share of pixels at the lowest value if noise was cut off there."""
    if values.size < 3 or not step:
        return float(share[0]) if share[0] > 0.01 else 0.0
    # Without a cut the lowest value is the end of a tail: next to nothing.
    is_pile = share[0] > share[1] or share[0] > 0.01
    return float(share[0]) if is_pile else 0.0
