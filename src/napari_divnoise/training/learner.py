"""The network, its likelihood and their running average: what a training changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ..networks import EVERYTHING, Likelihood, Network, UNet, build_network
from ..noise import LearnedGaussian, NoiseModel
from .methods import METHODS, needs_noise_model, network_kind
from .objective import FreeGaussian
from .patches import some_of
from .state import flattened, restored

if TYPE_CHECKING:
    from torch import Tensor

    from ..images import Normalization
    from .config import TrainingConfig


class Learner:
    """All that a step changes: weights, their running average, the optimizer.

    Parameters
    ----------
    images : array
        ``(N, Y, X)``, camera units; some are looked at where the noise is learnt.
    normalization : Normalization
        Camera units to network units.
    noise_model : NoiseModel, "learn" or None
        See `Trainer`.
    config : TrainingConfig
        All settings.
    device : torch.device
        Where to compute.
    """

    def __init__(
        self,
        images: Any,
        normalization: Normalization,
        noise_model: NoiseModel | str | None,
        config: TrainingConfig,
        device: torch.device,
    ) -> None:
        self._given = None if isinstance(noise_model, str) else noise_model
        self._normalization = normalization
        self._config = config
        likelihood = _likelihood(images, normalization, noise_model, config)
        network = _network(config)
        if config.method == "pn2v":
            spread_outputs(network, images, normalization)
        model = nn.ModuleDict({"network": network, "likelihood": likelihood})
        self._model = model.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._decay = 0.0
        self._average = AveragedModel(
            self._model,
            multi_avg_fn=lambda *tensors: get_ema_multi_avg_fn(self._decay)(*tensors),
        )
        self._optimizer = torch.optim.AdamW(
            self._model.parameters(), lr=config.learning_rate, weight_decay=0.0
        )

    @property
    def network(self) -> Network:
        """The network that is being trained."""
        return _network_in(self._model)

    @property
    def likelihood(self) -> Likelihood:
        """The noise model in network units."""
        return cast("Likelihood", self._model["likelihood"])

    @property
    def averaged_network(self) -> Network:
        """The network with the running average of the weights; changes with a step."""
        return _network_in(self._average.module)

    @property
    def averaged_likelihood(self) -> Likelihood:
        """The likelihood with the running average of what it learns."""
        return cast("Likelihood", self._average.module.get_submodule("likelihood"))

    @property
    def noise_model(self) -> NoiseModel | None:
        """The noise model in camera units, as far as it has been learnt; or None."""
        learned = self.averaged_likelihood
        if isinstance(learned, LearnedGaussian):
            scale = self._normalization
            return learned.freeze(scale.mean, scale.std)
        return self._given

    def update(self, loss: Tensor, *, learning_rate: float, step: int) -> bool:
        """Follow the gradient of `loss`; False, and nothing done, if it is not finite.

        Parameters
        ----------
        loss : torch.Tensor
            A scalar.
        learning_rate : float
            Of this step.
        step : int
            Its number, from 0.
        """
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(
            self._model.parameters(), self._config.clip_norm
        )
        if not bool(torch.isfinite(norm)):
            return False
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        self._optimizer.step()
        # Early on a long memory would hold the first, random weights.
        self._decay = min(self._config.ema_decay, (1 + step) / (10 + step))
        self._average.update_parameters(self._model)
        return True

    def forget_gradients(self) -> None:
        """Give the memory of the gradients back."""
        self._optimizer.zero_grad(set_to_none=True)

    def copy_with(self, weights: dict[str, Tensor]) -> Network:
        """Return a network with these weights that no longer learns."""
        network = build_network(self.network.kind, **self.network.configuration())
        network.load_state_dict(weights)
        network.to(next(self._model.parameters()).device)
        return network.eval().requires_grad_(requires_grad=False)

    def state(self) -> dict[str, Tensor]:
        """Return copies of everything, as named tensors."""
        return flattened(self._model, self._average, self._optimizer)

    def load_state(self, state: dict[str, Tensor]) -> None:
        """Put back what `state` returned."""
        restored(state, self._model, self._average, self._optimizer)


def _network(config: TrainingConfig) -> Network:
    kind = network_kind(config.method)
    return build_network(kind, seed=config.seed, **_shape(config))


def _shape(config: TrainingConfig) -> dict[str, int]:
    """Return the configuration of the network."""
    shape = {"depth": config.depth, "n_filters": config.n_filters}
    if network_kind(config.method) == "unet":
        n_outputs = config.n_pixel_samples if config.method == "pn2v" else 1
        return {**shape, "out_channels": n_outputs}
    n_outputs = 2 if config.method == "vae" else 1
    return {**shape, "z_channels": config.z_channels, "out_channels": n_outputs}


def spread_outputs(network: Network, images: Any, normalization: Normalization) -> None:
    """Let the outputs of a PN2V network begin as the grey values of the images.

    Parameters
    ----------
    network : UNet
        Changed in place: the biases of its outputs.
    images : array
        ``(N, Y, X)``, camera units.
    normalization : Normalization
        Camera units to network units.

    Notes
    -----
    Were all outputs alike, bright pixels would be explained by none of them, and the
    likelihood would hardly say in which direction to go. The published code multiplies
    the outputs by 10 to the same end; this way the training begins with the best
    answer that knows nothing of a pixel's surroundings.
    """
    if not isinstance(network, UNet) or network.last.bias is None:
        return
    levels = (np.arange(network.out_channels) + 0.5) / network.out_channels
    values = normalization.normalize(np.quantile(some_of(images), levels))
    with torch.no_grad():
        network.last.bias.copy_(torch.as_tensor(values, dtype=torch.float32))


def _likelihood(
    images: Any,
    normalization: Normalization,
    noise_model: NoiseModel | str | None,
    config: TrainingConfig,
) -> nn.Module:
    """Return the noise model in network units, as a module."""
    mean, std = normalization.mean, normalization.std
    if not needs_noise_model(config.method):
        return FreeGaussian()  # N2V does not ask it
    if noise_model == "learn":
        return LearnedGaussian.starting_from(
            some_of(images), mean, std, min_std=config.min_noise_std
        )
    if noise_model is None or isinstance(noise_model, str):
        raise ValueError(
            f'method "{config.method}" needs a noise model, got {noise_model!r}: give '
            'one, or "learn" to learn a linear variance along with the network; '
            f"without one work {_without_noise_model()}"
        )
    model = noise_model.normalized(mean, std)
    return model if isinstance(model, nn.Module) else _Wrapped(model)


def _without_noise_model() -> str:
    return " and ".join(f'"{name}"' for name in METHODS if not needs_noise_model(name))


class _Wrapped(nn.Module):
    """A noise model that is no torch module, among those that are."""

    def __init__(self, likelihood: Any) -> None:
        super().__init__()
        self._inner = likelihood
        self.valid_range: tuple[float, float] = getattr(
            likelihood, "valid_range", EVERYTHING
        )

    def log_prob(self, *, observation: Tensor, signal: Tensor) -> Tensor:
        result: Tensor = self._inner.log_prob(observation=observation, signal=signal)
        return result


def _network_in(model: nn.Module) -> Network:
    return cast("Network", model.get_submodule("network"))
