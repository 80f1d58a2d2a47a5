"""What a training does when its numbers are no longer finite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from .learner import Learner

FAILURES_BEFORE_RETURN = 3
RETURNS_BEFORE_GIVING_UP = 3
SNAPSHOT_EVERY = 100


class Recovery:
    """Keeps the last good state, and goes back to it after three steps that failed.

    Parameters
    ----------
    learner : Learner
        What is put back.
    rate_scale : float
        Factor of the learning rate; halved at every return.
    """

    def __init__(self, learner: Learner, *, rate_scale: float = 1.0) -> None:
        self.rate_scale = rate_scale
        self._learner = learner
        self._snapshot = learner.state()
        self._n_failures = 0
        self._n_returns = 0

    def succeeded(self, step: int) -> None:
        """Note that a step was finite; now and then keep the state behind it."""
        self._n_failures = 0
        if step % SNAPSHOT_EVERY == 0:
            self._n_returns = 0
            self._snapshot = self._learner.state()

    def failed(self, step: int) -> str | None:
        """Note that a step was not finite; after three in a row, go back.

        Returns
        -------
        str or None
            What was done, in a sentence.

        Raises
        ------
        FloatingPointError
            After the third return without a hundred good steps between.
        """
        self._n_failures += 1
        if self._n_failures < FAILURES_BEFORE_RETURN:
            return None
        if self._n_returns == RETURNS_BEFORE_GIVING_UP:
            raise FloatingPointError(
                f"the loss was not finite at step {step}, however often the training "
                "went back: look for NaN or far outliers in the images, lower the "
                "learning rate, or fit the noise model again"
            )
        self._n_returns += 1
        self._n_failures = 0
        self.rate_scale /= 2
        self._learner.load_state(self._snapshot)
        return (
            f"the loss was not finite up to step {step}: back to an earlier state "
            f"with half the learning rate (try {self._n_returns} of "
            f"{RETURNS_BEFORE_GIVING_UP})"
        )


def is_out_of_memory(error: Exception) -> bool:
    """Return whether `error` says that the device or the computer has no memory left.

    On a processor torch raises a plain RuntimeError, known by its allocator's name.
    """
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return "DefaultCPUAllocator" in str(error) or "out of memory" in str(error)
