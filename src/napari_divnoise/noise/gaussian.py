"""A Gaussian whose variance is linear in the signal: shot noise and read noise.

    p(x | s) = Normal(x; s, max(slope * s + intercept, min_variance))

For a camera with `gain` camera units per electron, an offset and a read noise,
``slope = gain`` and ``intercept = read_noise**2 - gain * offset`` (Foi et al., IEEE
TIP 17, 2008).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from .joint import JointHistogram, joint_histogram
from .model import Values, check_normalization, on_tensors
from .valid import EVERYTHING, checked_range, normalized_range, range_arrays

if TYPE_CHECKING:
    import numpy.typing as npt

_LOG_2PI = math.log(2 * math.pi)
# Beyond this many standard deviations the square of a residual would overflow.
_FARTHEST_RESIDUAL = 1e15
# Signals beyond this share of float32's range would overflow in products.
_LARGEST = 1e30

_N_ITERATIONS = 50
# Standard deviations beyond which a residual is no Gaussian noise.
_OUTLIER = 8.0
# The noise in the darkest well-filled part of the pairs is measured well; below
# it, where a line may fall to zero, half its standard deviation is assumed.
_FLOOR_SHARE = 0.25


def gaussian_log_prob(
    observation: torch.Tensor, signal: torch.Tensor, variance: torch.Tensor
) -> torch.Tensor:
    """Return log Normal(observation; signal, variance), in nats per pixel.

    Parameters
    ----------
    observation, signal : torch.Tensor
        Images in the same units.
    variance : torch.Tensor
        Variance per pixel, or one that broadcasts; above 0, in squared units.
    """
    z = (observation - signal) * variance.rsqrt()
    z = z.clamp(-_FARTHEST_RESIDUAL, _FARTHEST_RESIDUAL)
    return -0.5 * (z.square() + variance.log() + _LOG_2PI)


class GaussianNoiseModel(nn.Module):
    """Gaussian noise with a variance that is linear in the signal.

    Parameters
    ----------
    slope : float
        Increase of the variance with the signal, in camera units, 0 or more.
    intercept : float
        Variance at signal 0, in squared camera units; negative where the camera
        has an offset.
    min_variance : float
        Smallest variance, in squared camera units, above 0.
    signal_range : tuple of float
        Smallest and largest signal that the model was fitted on, camera units.
    valid_range : tuple of float
        Observations strictly inside carry likelihood: see `NoiseModel`.

    Raises
    ------
    ValueError
        If a number is not finite or out of its range.
    """

    kind = "gaussian"
    valid_range: tuple[float, float]

    def __init__(
        self,
        slope: float,
        intercept: float,
        min_variance: float,
        signal_range: tuple[float, float],
        valid_range: tuple[float, float] = EVERYTHING,
    ) -> None:
        super().__init__()
        self.valid_range = checked_range(valid_range)
        self.slope = float(slope)
        self.intercept = float(intercept)
        self.min_variance = float(min_variance)
        self._signal_range = (float(signal_range[0]), float(signal_range[1]))
        self._check()
        # Only tells where the model is: the numbers go into formulas as they are.
        self.register_buffer("_place", torch.zeros(()), persistent=False)

    @property
    def signal_range(self) -> tuple[float, float]:
        """Smallest and largest signal of the fit, in camera units."""
        return self._signal_range

    @property
    def device(self) -> torch.device:
        """Where numpy arrays are worked on."""
        return self.get_buffer("_place").device

    def log_prob(self, *, observation: Values, signal: Values) -> Values:
        """Return log p(observation | signal), in nats per pixel."""
        return on_tensors(self._log_density, observation, signal, device=self.device)

    def mean(self, signal: Values) -> Values:
        """Return the mean observation: the signal itself."""
        return on_tensors(torch.clone, signal, device=self.device)

    def variance(self, signal: Values) -> Values:
        """Return the variance of the observation, in squared camera units."""
        return on_tensors(self._variance, signal, device=self.device)

    def sample(self, signal: Values, seed: int = 0) -> Values:
        """Draw one observation of `signal`, the same for the same `seed`."""
        generator = torch.Generator().manual_seed(seed)

        def draw(s: torch.Tensor) -> torch.Tensor:
            # Drawn on the processor, so that every device sees the same noise.
            noise = torch.randn(s.shape, generator=generator).to(s.device)
            return s + self._variance(s).sqrt() * noise

        return on_tensors(draw, signal, device=self.device)

    def normalized(self, mean: float, std: float) -> GaussianNoiseModel:
        """Return the same model in network units ``x' = (x - mean) / std``."""
        check_normalization(mean, std)
        low, high = self.signal_range
        model = GaussianNoiseModel(
            self.slope / std,
            (self.slope * mean + self.intercept) / std**2,
            self.min_variance / std**2,
            ((low - mean) / std, (high - mean) / std),
            normalized_range(self.valid_range, mean, std),
        )
        return model.to(self.device)

    def as_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the numbers of the model, as arrays of float64."""
        return {
            "kind": np.array(self.kind),
            "slope": np.array(self.slope),
            "intercept": np.array(self.intercept),
            "min_variance": np.array(self.min_variance),
            "signal_range": np.array(self.signal_range),
            **range_arrays(self.valid_range),
        }

    def describe(self) -> str:
        """Say in one line what the model is."""
        low, high = self.signal_range
        return (
            f"Gaussian with variance {self.slope:.4g} * signal "
            f"{self.intercept:+.4g}, at least {self.min_variance:.4g}, "
            f"signals {low:.6g} to {high:.6g}"
        )

    def extra_repr(self) -> str:
        """Say what the model is where torch prints it."""
        return self.describe()

    def _variance(self, signal: torch.Tensor) -> torch.Tensor:
        bounded = signal.clamp(-_LARGEST, _LARGEST)
        return (bounded * self.slope + self.intercept).clamp_min(self.min_variance)

    def _log_density(
        self, observation: torch.Tensor, signal: torch.Tensor
    ) -> torch.Tensor:
        return gaussian_log_prob(observation, signal, self._variance(signal))

    def _check(self) -> None:
        numbers = (self.slope, self.intercept, self.min_variance, *self._signal_range)
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError(
                f"a Gaussian noise model needs finite numbers, got slope {self.slope}, "
                f"intercept {self.intercept}, min_variance {self.min_variance}, "
                f"signal_range {self._signal_range}: fit it again"
            )
        if self.slope < 0 or self.min_variance <= 0:
            raise ValueError(
                f"slope must be 0 or more and min_variance above 0, got "
                f"{self.slope} and {self.min_variance}: noise does not fall with the "
                f"signal, and no camera is free of it"
            )


def fit_gaussian(
    observation: npt.ArrayLike,
    signal: npt.ArrayLike,
    *,
    min_variance: float | None = None,
    trim: tuple[float, float] = (0.0, 100.0),
) -> GaussianNoiseModel:
    """Fit the line of the variance by maximum likelihood, outliers left out.

    Parameters
    ----------
    observation, signal : array
        Calibration pairs, in camera units, of shapes that broadcast.
    min_variance : float, optional
        Smallest variance, in squared camera units. By default a quarter of the
        variance measured in the darkest part of the pairs.
    trim : tuple of float
        Percentiles of the signal between which pairs are used.

    Raises
    ------
    ValueError
        If the pairs are unfit: see `joint_histogram`.
    """
    pairs = joint_histogram(observation, signal, trim=trim)
    return fit_gaussian_to(pairs, min_variance=min_variance)


def fit_gaussian_to(
    pairs: JointHistogram, *, min_variance: float | None = None
) -> GaussianNoiseModel:
    """Fit the line of the variance to pairs that were counted already.

    Fisher scoring: the maximum of the likelihood is the weighted least-squares line
    through the squared residuals, with weights ``1 / (2 variance**2)``. Pixels more
    than eight standard deviations off are no noise of this kind, and are left out.
    """
    floor = min_variance or max(
        _FLOOR_SHARE * pairs.smallest_variance(), pairs.quantization_variance
    )
    square = pairs.residual**2
    count = pairs.count
    slope, intercept = 0.0, float(np.average(square, weights=count))
    for _ in range(_N_ITERATIONS):
        model = np.maximum(slope * pairs.signal + intercept, floor)
        weight = count * (square <= _OUTLIER**2 * model) / model**2
        last = slope, intercept
        slope, intercept = weighted_line(pairs.signal, square, weight)
        if np.allclose(last, (slope, intercept), rtol=1e-9, atol=0):
            break
    return GaussianNoiseModel(
        slope, intercept, floor, pairs.signal_range, pairs.valid_range
    )


def weighted_line(
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
) -> tuple[float, float]:
    """Return slope, held at 0 or more, and intercept of the least-squares line."""
    x_mean, y_mean = np.average(x, weights=weight), np.average(y, weights=weight)
    spread = float(np.average((x - x_mean) ** 2, weights=weight))
    together = float(np.average((x - x_mean) * (y - y_mean), weights=weight))
    slope = max(together / spread, 0.0) if spread > 0 else 0.0
    return slope, float(y_mean - slope * x_mean)
