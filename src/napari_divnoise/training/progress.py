"""What a training says of itself while it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a training after some step.

    Attributes
    ----------
    step, n_steps : int
        Steps done, and steps in all if the time allows.
    loss : float
        Distortion + KL weight x rate, nats per pixel, mean since the last report.
    distortion : float
        Negative log-likelihood of the observation in camera units, nats per pixel; of
        hidden pixels for N2V and PN2V, where N2V's squared error counts as that of a
        Gaussian of its size.
    rate : float
        KL divergence from the prior, nats per pixel; 0 where there are no latents.
    validation_loss : float or None
        Newest loss on the validation block: averaged weights, KL weight at its
        final value, fixed noise. None before the first, and for small images.
    eta_s : float
        Seconds until the end, estimated.
    elapsed_s : float
        Seconds spent training so far, earlier sittings and no pauses included.
    fraction : float
        Share of the training that is done, 0 to 1: by steps or by minutes.
    learning_rate, kl_weight : float
        Of the newest step; the weight is 0 where there are no latents.
    batch_size : int
        Patches in a step; smaller than configured where memory ran out.
    n_skipped : int
        Steps left out because their gradient was not finite.
    steps_per_s : float
        Median speed of the last steps.
    message : str or None
        One sentence where something happened that a person should know.
    """

    step: int
    n_steps: int
    loss: float
    distortion: float
    rate: float
    validation_loss: float | None
    eta_s: float
    elapsed_s: float
    fraction: float
    learning_rate: float
    kl_weight: float
    batch_size: int
    n_skipped: int
    steps_per_s: float
    message: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the attributes as a plain dictionary."""
        return asdict(self)
