"""A linear variance that is learned together with the network.

The fully unsupervised variant of DivNoising (Prakash et al., ICLR 2021, section 3):
Gaussian noise whose variance is linear in the signal, with the two numbers of the
line trained along, and a floor below which the variance may not fall. Without the
floor a network can call every grain of noise signal, and the likelihood grows without
end.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import nn

from .gaussian import GaussianNoiseModel, gaussian_log_prob, weighted_line
from .model import check_normalization
from .pairs import grey_step
from .valid import EVERYTHING, checked_range, clipped_range, normalized_range

Array = npt.NDArray[np.float64]

# Blind to every plane in brightness; its output has the variance of the noise.
_ROUGHNESS = np.outer([1, -2, 1], [1, -2, 1]) / 6
_BLOCK = 8
_N_GROUPS = 16
_BLOCKS_PER_GROUP = 8
# Structure can only add to the roughness of a block, so the calm ones are asked. In
# white noise alone, this percentile of the blocks has this share of the variance.
_CALM_PERCENTILE = 25.0
_CALM_SHARE = 0.767
# Share of the smallest noise std found in the images that the floor is, by default.
_FLOOR_SHARE = 0.5
_STEP_SAMPLE = 1_000_000


class LearnedGaussian(nn.Module):
    """Gaussian noise whose line of the variance is trained, in network units.

        variance = exp(log_slope) * (signal - darkest) + exp(log_intercept)

    and at least ``min_std ** 2``. Counting the signal from the darkest one keeps both
    numbers positive, whatever the offset of the camera.

    Parameters
    ----------
    slope : float
        First increase of the variance with the signal, above 0, network units.
    intercept : float
        First variance at the darkest signal, above 0.
    min_std : float
        Smallest standard deviation of the noise, above 0.
    signal_range : tuple of float
        Darkest and brightest signal to expect.
    valid_range : tuple of float
        Observations strictly inside carry likelihood: see `NoiseModel`. Clipped pixels
        are found anew in the images whenever a training begins or goes on.
    """

    kind = "learned"
    valid_range: tuple[float, float]
    _min_variance: torch.Tensor
    _ends: torch.Tensor

    def __init__(
        self,
        *,
        slope: float,
        intercept: float,
        min_std: float,
        signal_range: tuple[float, float],
        valid_range: tuple[float, float] = EVERYTHING,
    ) -> None:
        super().__init__()
        self.valid_range = checked_range(valid_range)
        numbers = (slope, intercept, min_std)
        if not all(math.isfinite(n) and n > 0 for n in numbers):
            raise ValueError(
                f"slope, intercept and min_std must be above 0, got {numbers}: "
                f"LearnedGaussian.starting_from finds them in the images"
            )
        self.log_slope = nn.Parameter(torch.tensor(math.log(slope)))
        self.log_intercept = nn.Parameter(torch.tensor(math.log(intercept)))
        # Buffers, so that a checkpoint says all.
        self.register_buffer("_min_variance", torch.tensor(float(min_std) ** 2))
        self.register_buffer("_ends", torch.tensor(signal_range, dtype=torch.float32))

    @property
    def min_std(self) -> float:
        """Smallest standard deviation of the noise, in network units."""
        return math.sqrt(self._min_variance.item())

    @property
    def signal_range(self) -> tuple[float, float]:
        """Darkest and brightest signal of the images at hand, in network units."""
        darkest, brightest = self._ends.tolist()
        return darkest, brightest

    @classmethod
    def starting_from(
        cls,
        images: npt.ArrayLike,
        mean: float,
        std: float,
        *,
        min_std: float | None = None,
    ) -> LearnedGaussian:
        """Guess the noise from how rough calm parts of the images are.

        Parameters
        ----------
        images : array, shape (N, Y, X) or (Y, X)
            Some of the noisy images, in camera units.
        mean, std : float
            Normalization of the network, in camera units.
        min_std : float, optional
            Smallest standard deviation of the noise, in **camera units**. By default
            half of that in the calmest parts of the images, and for integer images
            not less than 0.4 grey values.

        Raises
        ------
        ValueError
            If the images are constant, too small, or hold NaN.
        """
        check_normalization(mean, std)
        stack = (np.asarray(images, dtype=np.float64) - mean) / std
        level, variance = _calm_noise(stack.reshape(-1, *stack.shape[-2:]))
        darkest, brightest = (float(v) for v in np.percentile(stack, (0.1, 99.9)))
        smallest = float(variance.min())
        slope, intercept = weighted_line(level - darkest, variance, variance**-2)
        if min_std is None:
            step = grey_step(stack.reshape(-1)[:_STEP_SAMPLE])
            floor = max(_FLOOR_SHARE * smallest**0.5, step / math.sqrt(2 * math.pi))
        else:
            floor = min_std / std
        return cls(
            slope=max(slope, 1e-3 * smallest / (brightest - darkest)),
            intercept=max(intercept, 0.5 * smallest),
            min_std=floor,
            signal_range=(darkest, brightest),
            valid_range=_valid_range(images, mean, std),
        )

    def variance(self, signal: torch.Tensor) -> torch.Tensor:
        """Return the variance at a signal, both in network units."""
        above = signal.float() - self._ends[0]
        line = torch.addcmul(self.log_intercept.exp(), above, self.log_slope.exp())
        return torch.clamp(line, self._min_variance)

    def log_prob(
        self, *, observation: torch.Tensor, signal: torch.Tensor
    ) -> torch.Tensor:
        """Return log p(observation | signal) in nats per pixel, in network units.

        Differentiable in both images and in the two numbers of the line.
        """
        with torch.autocast(signal.device.type, enabled=False):
            x, s = observation.float(), signal.float()
            return gaussian_log_prob(x, s, self.variance(s))

    def freeze(self, mean: float, std: float) -> GaussianNoiseModel:
        """Return what was learned, in camera units."""
        check_normalization(mean, std)
        slope, intercept = self.log_slope.exp().item(), self.log_intercept.exp().item()
        darkest, brightest = self.signal_range
        at_zero = intercept - slope * darkest
        return GaussianNoiseModel(
            slope * std,
            at_zero * std**2 - slope * std * mean,
            self._min_variance.item() * std**2,
            (darkest * std + mean, brightest * std + mean),
            normalized_range(self.valid_range, -mean / std, 1 / std),
        )


def _valid_range(images: npt.ArrayLike, mean: float, std: float) -> tuple[float, float]:
    """Return between which observations, in network units, nothing is clipped."""
    pixels = np.asarray(images).reshape(-1)
    sample = pixels[:: max(1, pixels.size // _STEP_SAMPLE)]
    return normalized_range(clipped_range(sample, grey_step(sample)), mean, std)


def _calm_noise(stack: Array) -> tuple[Array, Array]:
    """Return mean level and noise variance of groups of calm blocks, dark to bright."""
    level, power = _blocks(stack)
    n_groups = min(_N_GROUPS, max(1, level.size // _BLOCKS_PER_GROUP))
    groups = np.array_split(np.argsort(level), n_groups)
    calm = [np.percentile(power[group], _CALM_PERCENTILE) for group in groups]
    variance = np.array(calm) / _CALM_SHARE
    if not (np.isfinite(variance).all() and variance.any()):
        raise ValueError(
            "no noise was found in the images: they are constant, hold NaN, or are "
            "simulated without noise; give a noise model instead of 'learn'"
        )
    smallest = variance[variance > 0].min()
    return np.array([level[g].mean() for g in groups]), np.maximum(variance, smallest)


def _blocks(stack: Array) -> tuple[Array, Array]:
    """Return mean level and mean squared roughness of square blocks."""
    rows, columns = ((n - 2) // _BLOCK * _BLOCK for n in stack.shape[1:])
    if rows <= 0 or columns <= 0:
        raise ValueError(
            f"an image of {stack.shape[1:]} pixels is too small to see its noise: at "
            f"least {_BLOCK + 2} pixels are needed along both axes"
        )
    inner = slice(1, 1 + rows), slice(1, 1 + columns)
    levels: list[Array] = []
    powers: list[Array] = []
    for image in stack:
        rough = ndimage.convolve(image, _ROUGHNESS)[inner] ** 2
        for values, means in ((image[inner], levels), (rough, powers)):
            blocks = values.reshape(rows // _BLOCK, _BLOCK, columns // _BLOCK, _BLOCK)
            means.append(blocks.mean(axis=(1, 3)).ravel())
    return np.concatenate(levels), np.concatenate(powers)
