"""Which observations carry likelihood: not those that the camera clipped."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import torch

if TYPE_CHECKING:
    import numpy.typing as npt

    from .model import NoiseModel

#: Every observation carries likelihood.
EVERYTHING = (-math.inf, math.inf)

# An end of the grey values is clipped where this many times more pixels have it than
# its neighbours let expect, and at least this many do.
_PILE = 4.0
_MIN_PILE = 10
# Neighbours that tell how many pixels to expect.
_N_NEIGHBOURS = 8
# For values without steps: how far inside a clipped end the valid range ends, as a
# share of all values.
_MARGIN = 1e-6


@overload
def valid_mask(
    noise_model: NoiseModel, observation: npt.NDArray[Any]
) -> npt.NDArray[np.bool_]: ...
@overload
def valid_mask(noise_model: NoiseModel, observation: torch.Tensor) -> torch.Tensor: ...
def valid_mask(noise_model: NoiseModel, observation: Any) -> Any:
    """Return where an observation carries likelihood: strictly inside `valid_range`.

    Parameters
    ----------
    noise_model : NoiseModel
        In the units of `observation`.
    observation : array or torch.Tensor
        Any shape.

    Returns
    -------
    numpy.ndarray or torch.Tensor of bool
        Of the shape of `observation`; all True where nothing was clipped.
    """
    low, high = noise_model.valid_range
    values = (
        observation
        if isinstance(observation, torch.Tensor)
        else np.asarray(observation)
    )
    return (values > low) & (values < high)


def checked_range(valid_range: tuple[float, float]) -> tuple[float, float]:
    """Return a valid range as two floats.

    Raises
    ------
    ValueError
        If it is empty or holds NaN.
    """
    low, high = (float(end) for end in valid_range)
    if not low < high:
        raise ValueError(
            f"valid_range must be two rising numbers, got ({low}, {high}): "
            f"(-inf, inf) takes every observation"
        )
    return low, high


def normalized_range(
    valid_range: tuple[float, float], mean: float, std: float
) -> tuple[float, float]:
    """Return a valid range in network units; ends at infinity stay there."""
    low, high = valid_range
    return (low - mean) / std, (high - mean) / std


def range_arrays(valid_range: tuple[float, float]) -> dict[str, npt.NDArray[Any]]:
    """Return what goes into a file: nothing where every observation is valid."""
    return {} if valid_range == EVERYTHING else {"valid_range": np.array(valid_range)}


def clipped_range(sample: npt.NDArray[Any], step: float) -> tuple[float, float]:
    """Return the observations between the values at which a camera clips.

    Values pile up at the end of the scale, where all that lies beyond has been moved
    to: many times more pixels than the values beside it let expect. Half a step inside
    of such a value the valid range ends; without any it is ``(-inf, inf)``.

    Parameters
    ----------
    sample : numpy.ndarray
        Observations, many.
    step : float
        Distance of neighbouring grey values, 0 if continuous.
    """
    values, count = np.unique(np.asarray(sample, dtype=np.float64), return_counts=True)
    if values.size < 2:
        return EVERYTHING
    margin = 0.5 * step or _MARGIN * float(values[-1] - values[0])
    low = values[0] + margin if _is_pile(count) else -math.inf
    high = values[-1] - margin if _is_pile(count[::-1]) else math.inf
    return float(low), float(high)


def _is_pile(count: npt.NDArray[np.intp]) -> bool:
    """Whether the first value holds more pixels than those after it let expect.

    Photons that are counted one by one fall off from zero on as a power; what the
    power would be at the first value is no pile.
    """
    first, after = float(count[0]), count[1 : 1 + _N_NEIGHBOURS].astype(np.float64)
    if first < _MIN_PILE:
        return False
    usual = after.mean()
    if after.size > 2 and after[2]:
        usual = max(usual, after[0] * math.sqrt(max(after[0] / after[2], 1.0)))
    return bool(first > _PILE * (usual + math.sqrt(usual)))
