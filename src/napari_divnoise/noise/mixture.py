"""A Gaussian mixture whose parts depend on the signal.

The model of "Fully Unsupervised Probabilistic Noise2Void" (Prakash et al., ISBI
2020), which DivNoising and HDN use too. With the relative signal
``t = (s - min_signal) / (max_signal - min_signal)`` and polynomials in `t`,

- offset of part k:    ``m_k = sum_i W[k, i] t^i``
- variance of part k:  ``v_k = max(sum_i exp(W[K + k, i]) t^i, min_sigma)``
- share of part k:     ``a_k = softmax_k(sum_i W[2 K + k, i] t^i)``

    p(x | s) = sum_k a_k Normal(x; s + m_k - sum_j a_j m_j, v_k) + tol

so that the mean observation is exactly the signal. Published files call the lowest
variance `min_sigma`; the name is kept, the meaning is a variance.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from .density import FARTHEST_T, Limits, MixtureLogProb, Parts, mixture_parts
from .model import Values, check_normalization, on_tensors
from .valid import EVERYTHING, checked_range, normalized_range, range_arrays

if TYPE_CHECKING:
    import numpy.typing as npt

#: Added to the density by the published tools, per grey value.
PUBLISHED_TOLERANCE = 1e-10


class MixtureNoiseModel(nn.Module):
    """A mixture of K Gaussians whose parameters are polynomials of the signal.

    Parameters
    ----------
    weight : array of shape (3 * K, n)
        Polynomial coefficients, lowest power first: K rows of offsets, K rows of
        log-coefficients of variances, K rows of logits of the shares.
    min_signal, max_signal : float
        Signals at ``t = 0`` and ``t = 1``, in camera units. `t` is not clipped, so
        signals outside are extrapolated.
    min_sigma : float
        Smallest **variance** of a part, in squared camera units, above 0.
    tol : float
        Constant added to the density, per camera unit, 0 or more. It caps the
        price of an outlier at ``-log(tol)`` nats, and takes the gradient of the
        signal away there. 0 switches it off.
    valid_range : tuple of float
        Observations strictly inside carry likelihood: see `NoiseModel`.

    Raises
    ------
    ValueError
        If a parameter is not finite or out of its range, or the shape of `weight`
        is not ``(3 * K, n)``.

    Notes
    -----
    Numbers are kept in float32 precision, as the file format holds them: a model
    that was saved and loaded is the same model.
    """

    kind = "mixture"
    valid_range: tuple[float, float]
    weight: torch.Tensor
    _coefficients: torch.Tensor

    def __init__(
        self,
        weight: npt.ArrayLike | torch.Tensor,
        min_signal: float,
        max_signal: float,
        min_sigma: float,
        tol: float = PUBLISHED_TOLERANCE,
        valid_range: tuple[float, float] = EVERYTHING,
    ) -> None:
        super().__init__()
        self.valid_range = checked_range(valid_range)
        numbers = torch.as_tensor(weight).detach().cpu().float().clone()
        self.min_signal = float(np.float32(min_signal))
        self.max_signal = float(np.float32(max_signal))
        self.min_sigma = float(np.float32(min_sigma))
        self.tol = float(tol)
        _check(numbers, self._limits)
        self.n_components = numbers.shape[0] // 3
        self.n_coefficients = numbers.shape[1]
        self.register_buffer("weight", numbers)
        self.register_buffer(
            "_coefficients", variance_coefficients(numbers), persistent=False
        )

    @property
    def signal_range(self) -> tuple[float, float]:
        """Smallest and largest signal of the fit, in camera units."""
        return self.min_signal, self.max_signal

    def log_prob(self, *, observation: Values, signal: Values) -> Values:
        """Return log p(observation | signal), in nats per pixel."""
        return on_tensors(
            self._log_density, observation, signal, device=self.weight.device
        )

    def mean(self, signal: Values) -> Values:
        """Return the mean observation: the signal itself."""
        return on_tensors(torch.clone, signal, device=self.weight.device)

    def variance(self, signal: Values) -> Values:
        """Return the variance of the observation, in squared camera units."""
        return on_tensors(self._total_variance, signal, device=self.weight.device)

    def sample(self, signal: Values, seed: int = 0) -> Values:
        """Draw one observation of `signal`, the same for the same `seed`."""
        generator = torch.Generator().manual_seed(seed)

        def draw(s: torch.Tensor) -> torch.Tensor:
            parts = self._parts(s)
            # Drawn on the processor, so that every device sees the same noise.
            level = torch.rand(s.shape, generator=generator).to(s.device)
            noise = torch.randn(s.shape, generator=generator).to(s.device)
            chosen = (level > parts.share.cumsum(0)[:-1]).sum(0, keepdim=True)
            std = parts.variance.gather(0, chosen)[0].sqrt()
            return s + parts.offset.gather(0, chosen)[0] + std * noise

        return on_tensors(draw, signal, device=self.weight.device)

    def normalized(self, mean: float, std: float) -> MixtureNoiseModel:
        """Return the same model in network units ``x' = (x - mean) / std``.

        Offsets are divided by `std`, variances by its square; the shares stay.
        """
        check_normalization(mean, std)
        weight = self.weight.detach().cpu().double().clone()
        weight[: self.n_components] /= std
        weight[self.n_components : 2 * self.n_components] -= 2 * math.log(std)
        model = MixtureNoiseModel(
            weight,
            (self.min_signal - mean) / std,
            (self.max_signal - mean) / std,
            self.min_sigma / std**2,
            self.tol * std,
            normalized_range(self.valid_range, mean, std),
        )
        return model.to(self.weight.device)

    def with_tolerance(self, tol: float) -> MixtureNoiseModel:
        """Return the same model with another constant added to its density.

        With 0, a signal that is many standard deviations from the observation still
        feels a pull towards it: a training that starts far off gets under way sooner,
        but outliers cost without limit.
        """
        model = MixtureNoiseModel(
            self.weight,
            self.min_signal,
            self.max_signal,
            self.min_sigma,
            tol,
            self.valid_range,
        )
        return model.to(self.weight.device)

    def as_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays of the published file format, and what it leaves out."""
        return {
            "trained_weight": self.weight.detach().cpu().numpy().copy(),
            "min_signal": np.array([self.min_signal], np.float32),
            "max_signal": np.array([self.max_signal], np.float32),
            "min_sigma": np.array(self.min_sigma, np.float32),
            "tol": np.array(self.tol, np.float64),
            "kind": np.array(self.kind),
            **range_arrays(self.valid_range),
        }

    def describe(self) -> str:
        """Say in one line what the model is."""
        return (
            f"mixture of {self.n_components} Gaussians with "
            f"{self.n_coefficients} coefficients each, "
            f"signals {self.min_signal:.6g} to {self.max_signal:.6g}"
        )

    def extra_repr(self) -> str:
        """Say what the model is where torch prints it."""
        return self.describe()

    @property
    def _limits(self) -> Limits:
        return Limits(self.min_signal, self.max_signal, self.min_sigma, self.tol)

    def _parts(self, signal: torch.Tensor) -> Parts:
        return mixture_parts(self._coefficients, signal, self._limits)

    def _total_variance(self, signal: torch.Tensor) -> torch.Tensor:
        parts = self._parts(signal)
        return (parts.share * (parts.variance + parts.offset**2)).sum(0)

    def _log_density(
        self, observation: torch.Tensor, signal: torch.Tensor
    ) -> torch.Tensor:
        x, s = torch.broadcast_tensors(observation, signal)
        density: torch.Tensor = MixtureLogProb.apply(  # type: ignore[no-untyped-call]
            x, s, self._coefficients, self._limits
        )
        return density


def variance_coefficients(weight: torch.Tensor) -> torch.Tensor:
    """Return `weight` with its middle third, the variances, out of the logarithm."""
    offsets, log_variances, logits = weight.chunk(3)
    return torch.cat([offsets, log_variances.exp(), logits])


def _check(weight: torch.Tensor, limits: Limits) -> None:
    """Raise ValueError, with the way out, for numbers that make no noise model."""
    if weight.ndim != 2 or weight.shape[0] % 3 or 0 in weight.shape:
        raise ValueError(
            f"the weight of a mixture of K Gaussians has shape (3 * K, n), got "
            f"{tuple(weight.shape)}: offsets, log-variances and shares, each (K, n)"
        )
    farthest = variance_coefficients(weight) * FARTHEST_T ** (weight.shape[1] - 1)
    if not bool(torch.isfinite(farthest).all()):
        raise ValueError(
            "the weight of a mixture holds NaN, infinity or a variance too large for "
            "float32: fit the noise model again, or load an undamaged file"
        )
    lowest, highest, min_variance, tol = limits
    if not (math.isfinite(lowest) and math.isfinite(highest)) or lowest >= highest:
        raise ValueError(
            f"min_signal must be below max_signal, got {lowest} and {highest}: give "
            f"the range of the signals that the noise model was fitted on"
        )
    if not (math.isfinite(min_variance) and min_variance > 0):
        raise ValueError(
            f"min_sigma, the smallest variance of a Gaussian, must be above 0, got "
            f"{min_variance}: 0.16 suits integer grey values"
        )
    if not (math.isfinite(tol) and tol >= 0):
        raise ValueError(
            f"tol must be 0 or more, got {tol}: {PUBLISHED_TOLERANCE} is usual"
        )
