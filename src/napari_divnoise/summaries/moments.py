"""MMSE and variance of posterior samples, kept up as the samples arrive."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

Samples: TypeAlias = "npt.NDArray[Any] | torch.Tensor"

# Pixels that are worked on at a time: bounds the memory beside the samples.
BLOCK = 2**18


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known about an image after a number of posterior samples.

    Attributes
    ----------
    mmse : ndarray of float32
        Mean of the samples, in camera units, in the shape of the image.
    std : ndarray of float32
        Standard deviation of the samples with the divisor S - 1, in camera units.
        NaN everywhere after a single sample, whose spread nobody knows.
    quantiles : dict of float to ndarray of float32, or None
        Quantiles of the samples per pixel, in camera units, by their level in
        (0, 1); None if none were asked for.
    n_samples : int
        How many samples went into it.
    exact_quantiles : bool
        Whether the quantiles are those of all samples, or the approximation of
        `StreamingQuantiles`. True if there are none.
    """

    mmse: npt.NDArray[np.float32]
    std: npt.NDArray[np.float32]
    quantiles: dict[float, npt.NDArray[np.float32]] | None
    n_samples: int
    exact_quantiles: bool


@dataclass(frozen=True, slots=True)
class _Block:
    """Moments of a run of pixels: numpy arrays, or tensors on the samples' device."""

    origin: Any
    mean: Any
    squares: Any


class RunningMoments:
    """Mean and variance of samples, batch by batch, in memory that does not grow.

    Parameters
    ----------
    shape : tuple of int
        Shape of one sample.

    Attributes
    ----------
    count : int
        Number of samples seen.

    Notes
    -----
    Batches are merged by the pairwise rule of Chan, Golub and LeVeque ("Updating
    formulae and a pairwise algorithm for computing sample variances", 1979), in
    float32, relative to the mean of the first batch: an offset of 30 000 grey values
    therefore costs no digits of a spread of 1. A NaN in a sample stays in the result.

    Tensors on a GPU are summed up where they are; mix them with no other device.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = tuple(shape)
        self.count = 0
        self._blocks: list[_Block] = []

    def update(self, samples: Samples) -> None:
        """Take in a batch of samples, array or tensor of shape ``(S, *shape)``.

        Any real dtype; an empty batch changes nothing.

        Raises
        ------
        ValueError
            If a sample has another shape than this object was made for.
        """
        flat = flatten_samples(samples, self.shape)
        if len(flat) == 0:
            return
        parts = [flat[:, i : i + BLOCK] for i in range(0, flat.shape[1], BLOCK)]
        if self.count == 0:
            self._blocks = [_start(part) for part in parts]
        self._blocks = [
            _merge(block, self.count, part)
            for block, part in zip(self._blocks, parts, strict=True)
        ]
        self.count += len(flat)

    @property
    def mean(self) -> npt.NDArray[np.float32]:
        """Mean of the samples: the MMSE estimate, in camera units."""
        origin = self._gather("origin").astype(np.float64)
        return (origin + self._gather("mean")).astype(np.float32)

    @property
    def variance(self) -> npt.NDArray[np.float32]:
        """Variance with the divisor S - 1, camera units squared; NaN for one sample."""
        squares = self._gather("squares")
        if self.count == 1:
            return np.full_like(squares, np.nan)
        return squares / np.float32(self.count - 1)

    @property
    def std(self) -> npt.NDArray[np.float32]:
        """Square root of the variance, in camera units; NaN for one sample."""
        return np.sqrt(self.variance)

    def _gather(self, name: str) -> npt.NDArray[np.float32]:
        """Put one part of all blocks together, in the shape of a sample."""
        if self.count == 0:
            raise ValueError("0 samples have no moments: call update(samples) first")
        parts = [to_numpy(getattr(block, name)) for block in self._blocks]
        return np.concatenate(parts).reshape(self.shape)


def flatten_samples(samples: Samples, shape: tuple[int, ...]) -> Any:
    """Return samples as float32 of shape ``(S, pixels)``; a GPU's stay on the GPU.

    Raises
    ------
    ValueError
        If `samples` is not of shape ``(S, *shape)``.
    """
    if tuple(samples.shape[1:]) != shape or samples.ndim != len(shape) + 1:
        raise ValueError(
            f"samples have shape {tuple(samples.shape)}, expected (S, "
            f"{', '.join(map(str, shape))}): a batch of S samples of shape {shape}"
        )
    flat = samples.reshape(len(samples), prod(shape))
    if isinstance(flat, np.ndarray):
        return flat.astype(np.float32, copy=False)
    flat = flat.detach().float()
    return flat.numpy() if flat.device.type == "cpu" else flat


def to_numpy(values: Any) -> npt.NDArray[np.float32]:
    """Return an array, or a tensor of any device, as an array."""
    return values if isinstance(values, np.ndarray) else values.cpu().numpy()


def _start(part: Any) -> _Block:
    """Return the moments of no sample, to be counted from the mean of the first."""
    origin = part.mean(0)
    return _Block(origin, origin * 0, origin * 0)


def _merge(block: _Block, count: int, part: Any) -> _Block:
    """Return the moments of `count` samples in `block` and those in `part` together."""
    total = count + len(part)
    deviation = part - block.origin
    mean = deviation.mean(0)
    deviation -= mean
    deviation *= deviation
    step = mean - block.mean
    return _Block(
        block.origin,
        block.mean + step * (len(part) / total),
        block.squares + deviation.sum(0) + step * step * (count * len(part) / total),
    )
