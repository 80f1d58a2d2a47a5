"""Running numbers between two reports of progress."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from .objective import Loss

MEDIAN_OF = 50


class Tally:
    """Means of the loss since they were last asked for, and the speed of the steps.

    The sums stay on the device: reading them at every step would make a GPU wait.
    """

    def __init__(self) -> None:
        self._sums: Tensor | None = None
        self._n = 0
        self._last = (float("nan"),) * 3
        self._times: deque[float] = deque(maxlen=MEDIAN_OF)

    def add(self, loss: Loss, kl_weight: float) -> None:
        """Count the terms of one step."""
        terms = torch.stack([loss.total(kl_weight), loss.distortion, loss.rate])
        terms = terms.detach()
        self._sums = terms if self._sums is None else self._sums + terms
        self._n += 1

    def took(self, seconds: float) -> None:
        """Note how long a step took."""
        self._times.append(seconds)

    @property
    def steps_per_s(self) -> float:
        """Median speed of the last steps."""
        return 1 / max(median(self._times), 1e-9) if self._times else 1.0

    def means(self) -> tuple[float, float, float]:
        """Return loss, distortion and rate, means since the last call."""
        if self._sums is not None:
            loss, distortion, rate = (self._sums / self._n).tolist()
            self._last = (loss, distortion, rate)
            self._sums, self._n = None, 0
        return self._last
