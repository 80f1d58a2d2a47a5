"""What a network is asked about: how likely an observation is, given a signal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor

EVERYTHING = (-math.inf, math.inf)
_ROUNDING = 1e-6
"""Of float32 network units: less than the step of 16-bit images."""


class Likelihood(Protocol):
    """p(observation | signal), for one pixel, in network units.

    A noise model's `valid_range` is optional: observations strictly inside carry
    likelihood. Saturated ones do not: what was brighter than the camera can tell has
    no density.
    """

    def log_prob(self, *, observation: Tensor, signal: Tensor) -> Tensor:
        """Return the log-likelihood of every pixel in nats."""
        ...


def valid_pixels(likelihood: Likelihood, x: Tensor) -> Tensor | None:
    """Return which observations carry likelihood; None if all do.

    Where the noise model knows of no bounds, nothing is computed.
    """
    lowest, highest = getattr(likelihood, "valid_range", EVERYTHING)
    if lowest == -math.inf and highest == math.inf:
        return None
    # A value on a bound is outside, however it was rounded on its way here.
    return (x > lowest + _margin(lowest)) & (x < highest - _margin(highest))


def _margin(bound: float) -> float:
    return _ROUNDING * (1 + abs(bound)) if math.isfinite(bound) else 0.0
