"""Pairs of observation and signal: read block by block, looked at, checked."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .valid import clipped_range

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = npt.NDArray[np.float64]

# Pixels that are counted at once: enough that adding up the counts costs little.
_BLOCK_SIZE = 1 << 20
_SAMPLE_SIZE = 200_000
# Of the sample; fewer pixels that are not clipped tell no noise.
_FEW_VALID = 100
_MOST = (0.1, 99.9)


class Pairs:
    """Residuals and signals of two images or stacks, read block by block.

    Parameters
    ----------
    observation, signal : array
        Images in camera units, of shapes that broadcast, of any real dtype.
    residual_scale : float
        Factor on observation minus signal.

    Raises
    ------
    TypeError
        If pixels are no real numbers.
    ValueError
        If the shapes do not broadcast, or there are no pixels.
    """

    def __init__(self, observation: Any, signal: Any, residual_scale: float) -> None:
        self.observation = as_real_array(observation)
        self.signal = as_real_array(signal)
        self.residual_scale = residual_scale
        try:
            self.shape = np.broadcast_shapes(self.observation.shape, self.signal.shape)
        except ValueError:
            raise ValueError(
                f"observation has shape {self.observation.shape} and signal has "
                f"shape {self.signal.shape}: they must be equal, or (N, Y, X) with "
                f"(Y, X)"
            ) from None
        if 0 in self.shape:
            raise ValueError(
                f"there are no pixels in pairs of shape {self.shape}: choose images "
                f"that are not empty"
            )

        # Subtracting is exact enough in half the digits for what cameras write.
        small = all(
            np.can_cast(array.dtype, np.float32)
            for array in (self.observation, self.signal)
        )
        self.dtype = np.dtype(np.float32 if small else np.float64)

    def blocks(self, part: int = 0, n_parts: int = 1) -> Iterator[tuple[Any, Any]]:
        """Yield observation and signal, flat, some 1e6 pixels at a time.

        Parameters
        ----------
        part, n_parts : int
            Every `n_parts`-th block, from number `part` on.
        """
        blocks = _blocks(self.observation, self.signal, self.shape)
        for x, s in islice(blocks, part, None, n_parts):
            observation, signal = np.broadcast_arrays(np.asarray(x), np.asarray(s))
            yield observation.ravel(), signal.ravel()


@dataclass(frozen=True, slots=True)
class Look:
    """A first look at pairs: what must be known before they can be counted.

    Attributes
    ----------
    low, high : float
        Range of the signals that are used.
    step : float
        Distance of neighbouring grey values, 0 if continuous.
    residual, signal : numpy.ndarray
        A random sample of the pairs.
    observation_range : tuple of float
        Smallest and largest observation.
    valid_range : tuple of float
        Observations strictly inside are not clipped by the camera.
    """

    low: float
    high: float
    step: float
    residual: Array
    signal: Array
    observation_range: tuple[float, float]
    valid_range: tuple[float, float]


def look_at(pairs: Pairs, trim: tuple[float, float]) -> Look:
    """Find range and grey values of pairs, and check that they can be counted.

    Raises
    ------
    ValueError
        If a value is not finite, the observation, the signal or their difference is
        constant, or `trim` is no pair of rising percentiles.
    """
    x, s, ends = _sample(pairs)
    low, high = _trimmed(s, ends[1], trim)
    residual = pairs.residual_scale * (x - s)
    _check_contrast(x, residual, low, high)
    step = grey_step(x)
    valid_range = clipped_range(x, step)
    valid = (x > valid_range[0]) & (x < valid_range[1])
    if valid.sum() < min(_FEW_VALID, valid.size):
        raise ValueError(
            f"nearly all observations are {ends[0][0]:g} or {ends[0][1]:g}, the ends "
            f"of the camera's scale: take images with another exposure or offset"
        )
    return Look(
        low=low,
        high=high,
        step=step,
        residual=residual[valid],
        signal=s[valid],
        observation_range=ends[0],
        valid_range=valid_range,
    )


def _sample(
    pairs: Pairs,
) -> tuple[Array, Array, tuple[tuple[float, float], tuple[float, float]]]:
    """Return a sample of observations and signals, and the ends of all of both."""
    rng = np.random.default_rng(0)
    share = _SAMPLE_SIZE / int(np.prod(pairs.shape))
    samples: list[tuple[Any, Any]] = []
    ends: list[tuple[float, float, float, float]] = []
    for x, s in pairs.blocks():
        ends.append((float(x.min()), float(x.max()), float(s.min()), float(s.max())))
        # NaN is the smallest and the largest of what it is among.
        if not np.isfinite(ends[-1]).all():
            raise ValueError(
                "observation or signal holds NaN or infinity: replace those pixels or "
                "crop them away before the noise model is fitted"
            )
        if share < 1:
            chosen = rng.integers(s.size, size=int(np.ceil(share * s.size)))
            x, s = x[chosen], s[chosen]
        samples.append((x.astype(np.float64), s.astype(np.float64)))
    x, s = (np.concatenate(parts) for parts in zip(*samples, strict=True))
    x_low, x_high, s_low, s_high = np.array(ends).T
    x_ends = float(x_low.min()), float(x_high.max())
    return x, s, (x_ends, (float(s_low.min()), float(s_high.max())))


def grey_step(sample: npt.NDArray[Any]) -> float:
    """Return the distance of neighbouring grey values; 0 if values are continuous.

    Parameters
    ----------
    sample : numpy.ndarray
        Pixels of one camera, many more than there are grey values.
    """
    values = np.unique(np.asarray(sample, dtype=np.float64))
    if values.size < 2 or 4 * values.size > sample.size:
        return 0.0
    steps = np.diff(values)
    # Equal grey values that were scaled to floats differ in their last digits. A hot
    # pixel does not tell how large those are.
    low, high = np.percentile(sample, _MOST)
    span = float(high - low) or float(values[-1] - values[0])
    return float(steps[steps > 1e-6 * span].min())


def check_trim(trim: tuple[float, float]) -> None:
    """Check two percentiles.

    Raises
    ------
    ValueError
        If they do not rise, or are not from 0 to 100.
    """
    lower, upper = trim
    if not 0 <= lower < upper <= 100:
        raise ValueError(
            f"trim must be two rising percentiles from 0 to 100, got {trim}: (0, 100) "
            f"uses all pairs, (0.5, 99.5) suits bootstrapped signals"
        )


def _trimmed(
    sample: Array, ends: tuple[float, float], trim: tuple[float, float]
) -> tuple[float, float]:
    """Return the range between the percentiles, exact where they are 0 and 100."""
    check_trim(trim)
    lower, upper = trim
    low = ends[0] if lower == 0 else float(np.percentile(sample, lower))
    high = ends[1] if upper == 100 else float(np.percentile(sample, upper))
    return low, high


def _check_contrast(x: Array, residual: Array, low: float, high: float) -> None:
    if x.min() == x.max():
        raise ValueError(
            f"the observation is constant at {x[0]:g}: a noise model needs images "
            f"with noise in them"
        )
    if low >= high:
        raise ValueError(
            f"the signal is constant at {low:g}: a noise model needs pairs from dark "
            f"to bright"
        )
    # Equal frames have a float32 mean that differs in its last digits.
    if np.abs(residual).max() <= 1e-6 * np.abs(x).max():
        raise ValueError(
            "observation and signal are equal everywhere: the signal must be the mean "
            "of many frames, or a denoised image, not the noisy image itself"
        )


def as_real_array(values: Any) -> Any:
    """Leave lazy arrays lazy, and make arrays of lists and numbers.

    Raises
    ------
    TypeError
        If they are no real numbers.
    """
    array = values if hasattr(values, "shape") else np.asarray(values)
    if np.dtype(array.dtype).kind not in "biuf":
        raise TypeError(
            f"pixels must be real numbers, got dtype {array.dtype}: take the real "
            f"part or the magnitude of complex images"
        )
    return array


def _blocks(x: Any, s: Any, shape: tuple[int, ...]) -> Iterator[tuple[Any, Any]]:
    """Cut two arrays that broadcast to `shape` into blocks along leading axes."""
    n_pixels = int(np.prod(shape))
    if n_pixels <= _BLOCK_SIZE:
        yield x, s
        return
    n_rows = max(1, _BLOCK_SIZE * shape[0] // n_pixels)
    single = n_rows == 1
    for start in range(0, shape[0], n_rows):
        rows = start if single else slice(start, start + n_rows)
        inner = shape[1:] if single else (min(n_rows, shape[0] - start), *shape[1:])
        yield from _blocks(_take(x, rows, shape), _take(s, rows, shape), inner)


def _take(array: Any, rows: int | slice, shape: tuple[int, ...]) -> Any:
    """Index the first axis of `shape`, if `array` has it."""
    if array.ndim < len(shape):
        return array
    if array.shape[0] == 1:
        return array[0] if isinstance(rows, int) else array
    return array[rows]
