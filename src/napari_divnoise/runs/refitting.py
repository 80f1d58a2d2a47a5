"""The second round: the noise model fitted again, on what a trained model denoised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..noise import joint_histogram
from .bootstrap import NoiseFit, seen_part
from .model import Model, one_channel, open_image
from .pairing import TRIM, held_out_gain, pairs_of_rows

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..noise import NoiseModel


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """A noise model that was fitted again, on what a trained model denoised.

    Attributes
    ----------
    noise_model : NoiseModel
        The new one, camera units.
    gain : float
        What its log-likelihood of pixels that it was not fitted on is above that of
        the old one, nats per pixel.
    """

    noise_model: NoiseModel
    gain: float

    @property
    def is_better(self) -> bool:
        """Whether a second training with it is worth its time."""
        return self.gain > 0.002

    @property
    def sentence(self) -> str:
        """What a person should know."""
        if self.is_better:
            return (
                f"A noise model fitted to the denoised images describes the noise "
                f"better by {self.gain:.3f} nats per pixel: train again with it."
            )
        return (
            f"A noise model fitted to the denoised images is no better "
            f"({self.gain:+.3f} nats per pixel): keep the one you have."
        )


def refit_noise_model(model: Model, images: Any, **choices: Any) -> Refit:
    """Fit the noise model again, on what a trained model denoised: the second round.

    Parameters
    ----------
    model : Model
        Trained with the noise model that is to be improved.
    images : array, path, list of either, or ImageStack
        The noisy images it was trained on, camera units.
    n_samples : int
        Samples behind the mean that is taken as the signal; 30 by default.
    kind, seed, device, axes, channel, **settings
        As for `bootstrap_noise_model`.

    Returns
    -------
    Refit
        Whether it is better is judged on rows that it was not fitted on.

    Raises
    ------
    ValueError
        If the model has no noise model, or the images are unfit.
    """
    steps = refitting_noise_model(model, images, **choices)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            refit: Refit = end.value
            return refit


def refitting_noise_model(
    model: Model,
    images: Any,
    *,
    kind: str = "mixture",
    n_samples: int = 30,
    seed: int = 0,
    device: str = "auto",
    axes: str | None = None,
    channel: int | str | None = None,
    trim: tuple[float, float] = TRIM,
    **settings: Any,
) -> Generator[float, None, Refit]:
    """Do the work of `refit_noise_model`, and yield the share that is done, 0 to 1."""
    if model.noise_model is None:
        raise ValueError(
            f"a model of method {model.config.method!r} has no noise model that could "
            "be fitted again: train divnoising or pn2v"
        )
    halves, every = (NoiseFit(kind, trim, settings, seed) for _ in range(2))
    seen = seen_part(one_channel(open_image(images, axes=axes, channel=channel)))
    posterior = model.posterior(seen, seed=seed, device=device)
    work = posterior.summing_up(n_samples)
    signal = seen.astype(np.float32)
    while True:
        try:
            yield 0.8 * next(work)
        except StopIteration as end:
            signal = end.value.mmse
            break
    for half in (0, 1):
        halves.to_pairs(pairs_of_rows(seen, signal, half, trim=trim))
        yield 0.85 + 0.05 * half
    every.to_pairs(joint_histogram(seen, signal, trim=trim))
    gain = held_out_gain(halves.noise_models, model.noise_model, seen, signal)
    return Refit(every.noise_models[-1], gain)
