"""Latent noise as a function of (seed, image, sample, level, place).

Sample 37 must be sample 37 whether it is drawn alone or among a thousand, for the
whole image or for a tile of it. So no random state is carried along: every block of
the latent grid has a generator of its own, whose counter is the place of the block.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCK = 32
"""Edge of a block of the latent grid, in latents."""

_LEVELS = 1 << 16


def latent_noise(
    samples: Sequence[int],
    rows: slice,
    columns: slice,
    *,
    n_channels: int,
    seed: int,
    image: int = 0,
    level: int = 0,
    dtype: torch.dtype = torch.float32,
) -> torch.Tensor:
    """Return standard normal noise for a window of the latent grid.

    Parameters
    ----------
    samples : sequence of int
        Numbers of the samples, 0 or more.
    rows, columns : slice
        The window, in latents from the image's own corner, 0 or more.
    n_channels : int
        Latents at each place.
    seed : int
        Of the posterior, 0 to 2**64 - 1.
    image : int
        Number of the image in its stack.
    level : int
        Level of the latents, 0 the finest.
    dtype : torch.dtype
        float32, or bfloat16: the same noise, rounded.

    Returns
    -------
    torch.Tensor
        ``(S, n_channels, rows, columns)``, in channels_last order, on the processor.

    Notes
    -----
    Counter-based numbers (Philox, Salmon et al., SC 2011), 16 bits for each latent,
    become the 65 536 equally likely quantiles of the normal distribution: standard
    deviation 0.99999, farthest value 4.3. The stream of bits is guaranteed by
    numpy, so that a sample outlives the versions of numpy and torch.
    """
    noise = _drawn(
        _normal_quantiles(dtype),
        samples,
        (rows, columns),
        n_channels=n_channels,
        key=(seed % 2**64, image),
        level=level,
    )
    tensor = torch.from_numpy(noise)
    if dtype == torch.bfloat16:
        tensor = tensor.view(torch.bfloat16)
    return tensor.permute(0, 3, 1, 2)


def pixel_noise(
    samples: Sequence[int],
    rows: slice,
    columns: slice,
    *,
    seed: int,
    image: int = 0,
) -> torch.Tensor:
    """Return uniform noise for a window of an image.

    Parameters are those of `latent_noise`; the window is in pixels.

    Returns
    -------
    torch.Tensor
        ``(S, rows, columns)``, float32, the middles of 65 536 equal parts of 0 to 1,
        on the processor.
    """
    noise = _drawn(
        _uniform_quantiles(),
        samples,
        (rows, columns),
        n_channels=1,
        key=(seed % 2**64, image),
        level=0,
    )
    return torch.from_numpy(noise)[..., 0]


def _drawn(
    table: npt.NDArray[np.generic],
    samples: Sequence[int],
    window: tuple[slice, slice],
    *,
    n_channels: int,
    key: tuple[int, int],
    level: int,
) -> npt.NDArray[np.generic]:
    """Return ``(S, Y, X, C)`` entries of a table of 65 536."""
    rows, columns = window
    shape = (rows.stop - rows.start, columns.stop - columns.start, n_channels)
    noise = np.empty((len(samples), *shape), dtype=table.dtype)

    def fill(index: int) -> None:
        place = (samples[index], level)
        _fill(noise[index], table, rows, columns, key=key, place=place)

    if len(samples) == 1:
        fill(0)
    else:
        list(worker_threads().map(fill, range(len(samples))))
    return noise


def _fill(
    noise: npt.NDArray[np.generic],
    table: npt.NDArray[np.generic],
    rows: slice,
    columns: slice,
    *,
    key: tuple[int, int],
    place: tuple[int, int],
) -> None:
    """Fill ``(Y, X, C)`` block by block."""
    for block_row in range(rows.start // BLOCK, -(-rows.stop // BLOCK)):
        inside_y, window_y = _overlap(block_row, rows)
        for block_column in range(columns.start // BLOCK, -(-columns.stop // BLOCK)):
            inside_x, window_x = _overlap(block_column, columns)
            where = (block_row << 32) | block_column
            bits = _block_bits(noise.shape[-1], key, (where, *place))
            noise[window_y, window_x] = table[bits[inside_y, inside_x]]


def _overlap(block: int, window: slice) -> tuple[slice, slice]:
    """Return the common part, counted from the block's and the window's start."""
    start = max(block * BLOCK, window.start)
    stop = min((block + 1) * BLOCK, window.stop)
    return (
        slice(start - block * BLOCK, stop - block * BLOCK),
        slice(start - window.start, stop - window.start),
    )


def _block_bits(
    n_channels: int, key: tuple[int, int], place: tuple[int, int, int]
) -> npt.NDArray[np.uint16]:
    """Return ``(BLOCK, BLOCK, C)`` random 16-bit numbers of one block.

    The first word of the counter is left to the generator, which counts it up.
    """
    generator = np.random.Philox(
        key=np.array(key, dtype=np.uint64),
        counter=np.array([0, *place], dtype=np.uint64),
    )
    drawn = generator.random_raw(-(-BLOCK * BLOCK * n_channels // 4))
    bits: npt.NDArray[np.uint16] = drawn.astype("<u8", copy=False).view("<u2")
    return bits[: BLOCK * BLOCK * n_channels].reshape(BLOCK, BLOCK, n_channels)


@lru_cache(maxsize=2)
def _normal_quantiles(dtype: torch.dtype) -> npt.NDArray[np.generic]:
    """Return the quantiles; for bfloat16 its bits, which numpy can carry about."""
    quantiles: npt.NDArray[np.float32] = ndtri(_middles()).astype(np.float32)
    if dtype == torch.bfloat16:
        bits = torch.from_numpy(quantiles).bfloat16().view(torch.int16).numpy()
        return np.asarray(bits)
    return quantiles


@lru_cache(maxsize=1)
def _uniform_quantiles() -> npt.NDArray[np.float32]:
    return _middles().astype(np.float32)


def _middles() -> npt.NDArray[np.float64]:
    middles: npt.NDArray[np.float64] = (np.arange(_LEVELS) + 0.5) / _LEVELS
    return middles


@lru_cache(maxsize=1)
def worker_threads() -> ThreadPoolExecutor:
    """Return as many threads as torch uses, for work that torch does not share out."""
    return ThreadPoolExecutor(torch.get_num_threads(), "posterior")
