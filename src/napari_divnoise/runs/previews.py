"""A look at a small region while the network learns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from .engines import denoised, one_pass_of, sampler_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..images import Normalization
    from ..networks import Network
    from ..noise import NoiseModel

REGION_SIZE = 256
SEARCHED = 4096
"""The middle of an image is searched for structure, so many pixels each way."""

N_SAMPLES = 16

Region = tuple[int, int, int, int, int]


class Preview:
    """Makes the views of one region: noisy, mean, and where there are, two samples.

    Parameters
    ----------
    images : array-like of shape (N, Y, X)
        The observations, camera units.
    normalization : Normalization
        Camera units to network units.
    region : tuple of 5 int, optional
        Image number, first row, first column, rows, columns. By default the most
        structured 256x256 pixels of the first image.
    seed : int
        Of the samples: the same in every preview, so that only the network changes.
    device : str
        Where to sample.

    Attributes
    ----------
    region : tuple of 5 int
        As above, cut to fit the images.

    Raises
    ------
    ValueError
        If the region lies outside the images.
    """

    def __init__(
        self,
        images: Any,
        normalization: Normalization,
        *,
        region: Region | None = None,
        seed: int = 0,
        device: str = "auto",
    ) -> None:
        self.region = _fitting(region or structured_region(images[0]), images.shape)
        image, row, column, rows, columns = self.region
        window = images[image, row : row + rows, column : column + columns]
        self._noisy = np.array(window, dtype=np.float32)
        self._normalization = normalization
        self._seed = seed
        self._device = device

    def views(
        self, network: Network, noise_model: NoiseModel | None = None
    ) -> NDArray[np.float32]:
        """Return ``(4, rows, columns)`` float32 in camera units; of N2V only two."""
        common = (network, self._normalization, noise_model, self._noisy)
        engine = one_pass_of(*common, device=self._device)
        if engine is not None and network.out_channels == 1:
            return np.stack([self._noisy, denoised(engine)])
        sampler = sampler_of(*common, seed=self._seed, device=self._device)
        samples = sampler.samples(range(2 if engine else N_SAMPLES))
        mean = denoised(engine) if engine else samples.mean(axis=0)
        return np.stack([self._noisy, mean, samples[0], samples[1]])


def preview_times(first_s: float = 10.0, growth: float = 1.25) -> Iterator[float]:
    """Yield when to make previews, in seconds of training, further and further apart.

    The first after ten seconds, so that a person sees something; each later one after
    a quarter more: 30 previews in two hours, and 2 % of the time at most.
    """
    due = first_s
    while True:
        yield due
        due = max(due + first_s, due * growth)


def structured_region(image: Any, size: int = REGION_SIZE) -> Region:
    """Find the window with the most structure that is not noise.

    Parameters
    ----------
    image : array-like of shape (Y, X)
        An observation.
    size : int
        Edge of the window, in pixels; smaller where the image is.

    Notes
    -----
    Structure is the variance of 8x8 means: noise that is independent from pixel to
    pixel hardly survives them.
    """
    top, left = (max(0, (length - SEARCHED) // 2) for length in image.shape)
    window = image[top : top + SEARCHED, left : left + SEARCHED]
    pixels = np.asarray(window, dtype=np.float32)
    rows, columns = (min(size, length) for length in pixels.shape)
    means = _block_means(pixels, 8)
    extent = (max(1, rows // 8), max(1, columns // 8))
    first = ndimage.uniform_filter(means, extent)
    second = ndimage.uniform_filter(means**2, extent)
    score = second - first**2
    centre = np.unravel_index(int(np.argmax(score)), score.shape)
    row = int(np.clip(centre[0] * 8 - rows // 2, 0, pixels.shape[0] - rows))
    column = int(np.clip(centre[1] * 8 - columns // 2, 0, pixels.shape[1] - columns))
    return 0, top + row, left + column, rows, columns


def _block_means(pixels: NDArray[np.float32], edge: int) -> NDArray[np.float64]:
    rows, columns = (length // edge * edge for length in pixels.shape)
    blocks = pixels[:rows, :columns].reshape(rows // edge, edge, columns // edge, edge)
    means: NDArray[np.float64] = blocks.mean(axis=(1, 3), dtype=np.float64)
    return means


def _fitting(region: Region, shape: tuple[int, ...]) -> Region:
    """Cut a region to the images, or say that it lies outside them."""
    image, row, column, rows, columns = region
    n_images, n_rows, n_columns = shape
    inside = 0 <= image < n_images and 0 <= row < n_rows and 0 <= column < n_columns
    rows, columns = min(rows, n_rows - row), min(columns, n_columns - column)
    if not inside or rows < 1 or columns < 1:
        raise ValueError(
            f"the preview region {region} (image, row, column, rows, columns) lies "
            f"outside the {n_images} images of {n_rows}x{n_columns} pixels"
        )
    return image, row, column, rows, columns
