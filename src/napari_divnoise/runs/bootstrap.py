"""A noise model from noisy images alone: denoise them somehow, measure what differs.

Bootstrapping, as in "Fully Unsupervised Probabilistic Noise2Void" (Prakash et al., ISBI
2020, section 3): a quick Noise2Void makes a first guess of the signal, and the noise
model is fitted to pairs of guess and observation. The guess is needed for nothing else.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..images import check_trainable, estimate_normalization
from ..noise import check_fit, check_images, fitting_noise_model, joint_histogram
from ..training import Trainer, TrainingConfig
from ..training.patches import some_of
from .model import Model, one_channel, open_image
from .pairing import TRIM, check_denoised

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from ..images import ImageStack
    from ..noise import FitProgress, JointHistogram, NoiseModel

MINUTES = 1.0
"""How long the first denoising is trained at most, by default."""

FEWEST_STEPS = 60
STEPS = 400
"""So many steps make it good enough: after 200 the noise model of FMD Confocal_MICE is
0.005 nats per pixel below the calibrated one."""

MOST_PLANES = 16
LARGEST_EDGE = 1024
"""Of large stacks so many images, and so many rows and columns, are looked at."""

# Shares of the first denoising after which the noise model is fitted, so that there is
# one early, and it is seen to improve.
_LOOKS = (0.3, 0.6)
_DENOISING_SHARE = 0.9


@dataclass(frozen=True, slots=True, eq=False)
class BootstrapProgress:
    """How far a bootstrap is.

    Attributes
    ----------
    stage : str
        ``"denoising"``: the first denoising is trained; ``"counting"``: pairs are
        counted; ``"fitting"``: the noise model is fitted to them.
    fraction : float
        Share of the whole that is done, 0 to 1.
    eta_s : float
        Seconds until the end, estimated.
    loss : float or None
        Of the first denoising: mean squared error, see `Progress.loss`.
    noise_model : NoiseModel or None
        The best so far, camera units.
    pairs : JointHistogram or None
        What it was fitted to.
    nll : float or None
        Its mean of ``-log p(observation | signal)``, nats per pixel of these pairs.
    """

    stage: Literal["denoising", "counting", "fitting"]
    fraction: float
    eta_s: float
    loss: float | None = None
    noise_model: NoiseModel | None = None
    pairs: JointHistogram | None = None
    nll: float | None = None


def bootstrap_noise_model(images: Any, **choices: Any) -> NoiseModel:
    """Fit a noise model to noisy images alone.

    Parameters
    ----------
    images : array, path, list of either, or ImageStack
        Noisy images, camera units; at least 32 x 32 pixels. Of large stacks 16 images
        are used, and the middle 1024 x 1024 pixels of each.
    kind : str
        ``"mixture"``, ``"histogram"`` or ``"gaussian"``.
    denoised : array, path, list of either, or ImageStack, optional
        A first denoising of the same images by any program, camera units, same shape.
        By default a Noise2Void is trained for it.
    seed : int
        Start of every random number.
    max_minutes : float
        How long the first denoising is trained at most; it ends before where it is
        good enough, after 400 steps. The same seed gives the same noise model on the
        same machine if it comes so far.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    axes : str, optional
        Letters of the images' axes.
    channel : int or str, optional
        Which channel, if there are several.
    trim : tuple of float
        Percentiles of the signal between which pairs are used.
    **settings
        As for `fit_noise_model`.

    Raises
    ------
    ValueError
        If the images are unfit, `denoised` is of another shape or no denoising of
        them, or a setting is unknown.
    """
    steps = bootstrapping_noise_model(images, **choices)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            noise_model: NoiseModel = end.value
            return noise_model


def bootstrapping_noise_model(
    images: Any,
    *,
    kind: str = "mixture",
    denoised: Any = None,
    seed: int = 0,
    max_minutes: float = MINUTES,
    device: str = "auto",
    axes: str | None = None,
    channel: int | str | None = None,
    trim: tuple[float, float] = TRIM,
    **settings: Any,
) -> Generator[BootstrapProgress, None, NoiseModel]:
    """Do the work of `bootstrap_noise_model`, and yield how far it is.

    The noise model is fitted three times while the first denoising is trained, each
    time to a better one; whoever leaves the generator keeps the newest.
    """
    if not max_minutes > 0:
        raise ValueError(
            f"max_minutes must be above 0, got {max_minutes}: {MINUTES:g} is usual, "
            f"0.3 enough where nothing else runs"
        )
    fit = NoiseFit(kind, trim, settings, seed)
    stack = open_image(images, axes=axes, channel=channel)
    pixels = one_channel(stack)
    if denoised is None:
        check_trainable(stack)
        first = _FirstDenoising(seen_part(pixels), seed, max_minutes, device)
        yield from first.improving(fit)
    else:
        guess = _opened_guess(denoised, stack, axes, channel)
        check_denoised(pixels, guess)
        yield BootstrapProgress("counting", 0.0, 2.0)
        seen, signal = seen_part(pixels), seen_part(guess)
        check_images(seen, signal)
        yield from fit.improving(seen, signal, start=0.1, stop=1.0)
    if fit.noise_model is None:
        raise ValueError(
            "the first denoising came to its end without a noise model: give it more "
            "than 0 minutes"
        )
    return fit.noise_model


class NoiseFit:
    """Fits noise models of one kind, and remembers them; checks what it is told."""

    def __init__(
        self,
        kind: str,
        trim: tuple[float, float],
        settings: dict[str, Any],
        seed: int,
    ) -> None:
        self._kind = kind
        self._trim = trim
        self._settings = dict(settings)
        if kind == "mixture":
            self._settings.setdefault("seed", seed)
        # Nobody should wait for a network to be told of a misspelt word.
        check_fit(kind, self._settings, trim)
        self.noise_models: list[NoiseModel] = []

    @property
    def noise_model(self) -> NoiseModel | None:
        """The newest noise model, if there is one."""
        return self.noise_models[-1] if self.noise_models else None

    def fitting(self, pairs: JointHistogram) -> Iterator[FitProgress]:
        """Fit to counted pairs, yielding as it improves."""
        yield from fitting_noise_model(pairs, kind=self._kind, **self._settings)

    def to_pairs(self, pairs: JointHistogram) -> None:
        """Fit to counted pairs to the end."""
        *_, last = self.fitting(pairs)
        self.noise_models.append(last.noise_model)

    def improving(
        self, seen: NDArray[Any], signal: NDArray[Any], *, start: float, stop: float
    ) -> Iterator[BootstrapProgress]:
        """Count and fit, between two shares of the whole."""
        pairs = joint_histogram(seen, signal, trim=self._trim)
        begun = time.monotonic()
        newest = None
        for newest in self.fitting(pairs):
            share = newest.step / newest.n_steps
            yield BootstrapProgress(
                "fitting",
                start + (stop - start) * share,
                (time.monotonic() - begun) * (1 / max(share, 0.1) - 1),
                noise_model=newest.noise_model,
                pairs=pairs,
                nll=newest.nll,
            )
        if newest is not None:
            self.noise_models.append(newest.noise_model)


class _FirstDenoising:
    """A Noise2Void that is trained as long as it takes to learn the noise."""

    def __init__(
        self, seen: NDArray[Any], seed: int, max_minutes: float, device: str
    ) -> None:
        self._seen = seen
        self._seed = seed
        self._device = device
        n_images, n_rows, n_columns = seen.shape
        config = TrainingConfig.from_preset(
            "quick",
            shape=(n_images, n_rows, n_columns),
            method="n2v",
            seed=seed,
            device=device,
            max_minutes=max_minutes,
            n_steps=STEPS,
            # All pixels are looked at in the end: none need be kept apart.
            validation_fraction=0.0,
        )
        self._trainer = Trainer(seen, estimate_normalization(seen), None, config)

    def improving(self, fit: NoiseFit) -> Iterator[BootstrapProgress]:
        """Train, and fit at each of the looks."""
        looks = list(_LOOKS)
        newest = BootstrapProgress("denoising", 0.0, 0.0)
        for progress in self._trainer.run():
            share = _DENOISING_SHARE * progress.fraction
            newest = replace(
                newest,
                stage="denoising",
                fraction=share,
                eta_s=progress.eta_s / _DENOISING_SHARE,
                loss=progress.loss,
            )
            yield newest
            if looks and looks[0] <= progress.fraction < 1:
                looks = [look for look in looks if look > progress.fraction]
                for better in self._fitted(fit, newest, share):
                    newest = better
                    yield better
        if self._trainer.step < FEWEST_STEPS:
            warnings.warn(
                f"the first denoising got only {self._trainer.step} of {STEPS} steps "
                f"in its time, and the noise model may state too much noise: give it "
                f"more (max_minutes), or let nothing else run beside it",
                stacklevel=2,
            )
        yield from self._fitted(fit, newest, 1.0)

    def _fitted(
        self, fit: NoiseFit, newest: BootstrapProgress, stop: float
    ) -> Iterator[BootstrapProgress]:
        """Fit to what is denoised by now, up to a share of the whole."""
        start = newest.fraction
        for step in fit.improving(self._seen, self._denoised(), start=start, stop=stop):
            yield replace(step, loss=newest.loss)

    def _denoised(self) -> NDArray[np.float32]:
        trainer = self._trainer
        model = Model(
            trainer.averaged(), trainer.normalization, None, trainer.config, {}
        )
        return model.denoise(self._seen, seed=self._seed, device=self._device)


def _opened_guess(
    denoised: Any, stack: ImageStack, axes: str | None, channel: int | str | None
) -> Any:
    """Open a first denoising, which may be of the one channel alone."""
    if not isinstance(denoised, str | Path | list | tuple):
        n_axes = len(getattr(denoised, "shape", np.shape(denoised)))
        if axes is not None and "C" in axes and n_axes == len(axes) - 1:
            axes, channel = axes.replace("C", ""), None
    return one_channel(open_image(denoised, axes=axes, channel=channel))


def seen_part(pixels: Any) -> NDArray[Any]:
    """Return the part of a stack that is looked at, as an array."""
    return some_of(pixels, most=MOST_PLANES, edge=LARGEST_EDGE)
