"""Fitting a network: a generator that yields progress, and leaves the rest to others.

Who drives it decides where it runs, what is shown and when it stops: the command
line, a test and a worker thread iterate over the same `Trainer.run`.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import torch

from ..networks import keep_freed_memory, resolve_device, resolve_dtype
from .config import SMALLEST_IMAGE, SMALLEST_VALIDATED_IMAGE, TrainingConfig
from .learner import Learner
from .objective import Loss, kl_weight_at, learning_rate_at
from .objectives import objective_of
from .patches import PatchStream, validation_block
from .progress import Progress
from .recovery import Recovery, is_out_of_memory
from .tally import Tally
from .validation import Validation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from ..images import Normalization
    from ..networks import Network
    from ..noise import NoiseModel

YIELD_EVERY_S = 0.15
"""Progress is yielded at least this often, so that whoever listens can stop it."""


class Trainer:
    """One training, from its first step or from a saved state.

    Parameters
    ----------
    images : array
        ``(N, Y, X)``, camera units, any integer or float type; may be a memory map
        or any array that reads what is indexed.
    normalization : Normalization
        Camera units to network units.
    noise_model : NoiseModel, "learn" or None
        In camera units; "learn": a Gaussian whose variance is linear in the signal
        is learnt along with the network. None only where the method needs none.
    config : TrainingConfig
        All settings.

    Attributes
    ----------
    step : int
        Steps done.
    elapsed_s : float
        Seconds spent in steps and validations.
    batch_size : int
        Patches in a step; halved where memory runs out.
    n_skipped : int
        Steps left out because their gradient was not finite.

    Raises
    ------
    ValueError
        If the method needs a noise model and none was given, if the images are
        smaller than 32 x 32 pixels, or the device is not there.
    """

    def __init__(
        self,
        images: Any,
        normalization: Normalization,
        noise_model: NoiseModel | str | None,
        config: TrainingConfig,
    ) -> None:
        self.config = config
        self.normalization = normalization
        self.device = resolve_device(config.device)
        if self.device.type == "cpu":
            keep_freed_memory()
        self.dtype = resolve_dtype(config.precision, self.device)
        self.step = 0
        self.elapsed_s = 0.0
        self.batch_size = config.batch_size
        self.n_skipped = 0
        self._learner = Learner(images, normalization, noise_model, config, self.device)
        self._objective = objective_of(config)
        self._prepare_patches(images)
        self._best_loss = math.inf
        self._best: dict[str, Tensor] | None = None
        self._validation_loss: float | None = None
        self._recovery = Recovery(self._learner)
        self._tally = Tally()

    def _prepare_patches(self, images: Any) -> None:
        config = self.config
        size = fitting_patch_size(images.shape[1:], config)
        n_images, n_rows, n_columns = (int(n) for n in images.shape)
        block = validation_block(
            (n_images, n_rows, n_columns),
            config.validation_fraction,
            SMALLEST_VALIDATED_IMAGE,
            config.seed,
        )
        if block is not None:
            # Beside the block there must be room for a patch.
            room = max(n_rows - block.height, n_columns - block.width)
            size = min(size, room // 2**config.depth * 2**config.depth)
        self.patch_size: int = size
        self._stream = PatchStream(
            images,
            size=self.patch_size,
            kept_out=block,
            augment=config.augment,
            seed=config.seed,
            device=self.device,
        )
        self._validation = Validation.cut(
            images,
            block,
            self.normalization,
            multiple=self._learner.network.downsampling,
            seed=config.seed,
            device=self.device,
        )

    @property
    def fraction(self) -> float:
        """How much of the training is done, 0 to 1: by steps, or by minutes."""
        done = self.step / self.config.n_steps
        if self.config.max_minutes is not None:
            done = max(done, self.elapsed_s / (60 * self.config.max_minutes))
        return min(done, 1.0)

    @property
    def noise_model(self) -> NoiseModel | None:
        """The noise model in camera units, as far as it has been learnt; or None."""
        return self._learner.noise_model

    def averaged(self) -> Network:
        """Return a copy of the network with the running average of the weights."""
        learner = self._learner
        return learner.copy_with(learner.averaged_network.state_dict())

    def best(self) -> Network:
        """Return the averaged network of the lowest validation loss so far.

        Without a validation block, or before the first validation: the newest.
        """
        if self._best is None:
            return self.averaged()
        return self._learner.copy_with(self._best)

    def run(self) -> Iterator[Progress]:
        """Train, and yield progress at least five times a second and at the end.

        Raises
        ------
        FloatingPointError
            If the loss is not finite however often the training returns to an
            earlier state.
        """
        told = -math.inf
        try:
            while self.fraction < 1:
                start = time.perf_counter()
                message = self._guarded_step()
                if self.step % self.config.validate_every == 0:
                    self._validate()
                now = time.perf_counter()
                self.elapsed_s += now - start
                self._tally.took(now - start)
                if message or now - told > YIELD_EVERY_S:
                    told = now
                    yield self._report(message)
            self._validate()
            yield self._report(None)
        finally:
            self._stream.close()

    def state(self) -> dict[str, Tensor]:
        """Return all that a later `Trainer` needs to go on, as named tensors."""
        numbers = {
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "batch_size": self.batch_size,
            "n_skipped": self.n_skipped,
            "best_loss": self._best_loss,
            "validation_loss": _number(self._validation_loss),
            "rate_scale": self._recovery.rate_scale,
        }
        tensors = {f"best.{name}": v for name, v in (self._best or {}).items()}
        tensors |= {
            f"number.{name}": torch.tensor(float(v), dtype=torch.float64)
            for name, v in numbers.items()
        }
        return {**tensors, **self._learner.state()}

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Go on from what `state` returned.

        Raises
        ------
        ValueError
            If the state belongs to a network of another shape.
        """
        self._learner.load_state(state)
        numbers = {k[7:]: float(v) for k, v in state.items() if k[:7] == "number."}
        self.step = int(numbers["step"])
        self.elapsed_s = numbers["elapsed_s"]
        self.batch_size = int(numbers["batch_size"])
        self.n_skipped = int(numbers["n_skipped"])
        self._best_loss = numbers["best_loss"]
        validation_loss = numbers["validation_loss"]
        self._validation_loss = None if math.isnan(validation_loss) else validation_loss
        best = {k[5:]: v.to(self.device) for k, v in state.items() if k[:5] == "best."}
        self._best = best or None
        self._recovery = Recovery(self._learner, rate_scale=numbers["rate_scale"])

    def _guarded_step(self) -> str | None:
        """Take a step; where memory runs out, or numbers do, say what was done."""
        try:
            is_finite = self._take_step()
        except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
            return self._with_smaller_batch(error)
        self.step += 1
        if is_finite:
            self._recovery.succeeded(self.step)
            return None
        self.n_skipped += 1
        return self._recovery.failed(self.step)

    def _take_step(self) -> bool:
        loss, kl_weight = self._loss(), self._kl_weight()
        is_finite = self._learner.update(
            loss.total(kl_weight), learning_rate=self._learning_rate(), step=self.step
        )
        if is_finite:
            self._tally.add(loss, kl_weight)
        return is_finite

    def _loss(self) -> Loss:
        patches = self._stream.batch(self.step, self.batch_size)
        x = self.normalization.normalize(patches)
        network, likelihood = self._learner.network, self._learner.likelihood
        with self._autocast():
            return self._objective.loss(network, likelihood, x, self._generator())

    def _generator(self) -> torch.Generator:
        """Return what this step draws from, a function of seed and step alone."""
        seed = (self.config.seed * 0x9E3779B97F4A7C15 + self.step + 1) % 2**63
        return torch.Generator(self.device).manual_seed(seed)

    def _autocast(self) -> torch.autocast:
        is_enabled = self.dtype != torch.float32
        return torch.autocast(self.device.type, torch.bfloat16, enabled=is_enabled)

    def _kl_weight(self) -> float:
        config = self.config
        if not self._objective.has_rate:
            return 0.0
        return kl_weight_at(
            self.step,
            self.fraction,
            final=config.kl_weight,
            warmup_steps=config.kl_warmup_steps,
        )

    def _learning_rate(self) -> float:
        peak = self.config.learning_rate * self._recovery.rate_scale
        return learning_rate_at(self.fraction, self.step, peak=peak)

    def _validate(self) -> None:
        if self._validation is None:
            return
        network = self._learner.averaged_network
        with self._autocast():
            loss = self._validation.loss(
                self._objective,
                network,
                self._learner.averaged_likelihood,
                self.config.kl_weight,
            )
        self._validation_loss = loss + math.log(self.normalization.std)
        if loss < self._best_loss:
            self._best_loss = loss
            weights = network.state_dict()
            self._best = {name: v.detach().clone() for name, v in weights.items()}

    def _with_smaller_batch(self, error: Exception) -> str:
        if not is_out_of_memory(error) or self.batch_size == 1:
            raise error
        self.batch_size //= 2
        self._learner.forget_gradients()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return (
            f"memory ran out: going on with {self.batch_size} patches in a step "
            f"instead of {2 * self.batch_size}"
        )

    def _report(self, message: str | None) -> Progress:
        loss, distortion, rate = self._tally.means()
        to_camera = math.log(self.normalization.std)
        return Progress(
            step=self.step,
            n_steps=self.config.n_steps,
            loss=loss + to_camera,
            distortion=distortion + to_camera,
            rate=rate,
            validation_loss=self._validation_loss,
            eta_s=self._eta_s(),
            elapsed_s=self.elapsed_s,
            fraction=self.fraction,
            learning_rate=self._learning_rate(),
            kl_weight=self._kl_weight(),
            batch_size=self.batch_size,
            n_skipped=self.n_skipped,
            steps_per_s=self._tally.steps_per_s,
            message=message,
        )

    def _eta_s(self) -> float:
        eta = (self.config.n_steps - self.step) / self._tally.steps_per_s
        if self.config.max_minutes is not None:
            eta = min(eta, 60 * self.config.max_minutes - self.elapsed_s)
        return max(eta, 0.0)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def fitting_patch_size(size: tuple[int, ...], config: TrainingConfig) -> int:
    """Return the edge of a patch that fits into images of `size` pixels.

    Parameters
    ----------
    size : tuple of int
        ``(Y, X)``.
    config : TrainingConfig
        Wanted patch size, and depth of the network.

    Raises
    ------
    ValueError
        If the images are smaller than 32 x 32 pixels.
    """
    if min(size) < SMALLEST_IMAGE:
        raise ValueError(
            f"images must be at least {SMALLEST_IMAGE} x {SMALLEST_IMAGE} pixels, "
            f"got {size[0]} x {size[1]}: take a larger field of view"
        )
    factor: int = 2**config.depth
    return min(config.patch_size, int(min(size)) // factor * factor)
