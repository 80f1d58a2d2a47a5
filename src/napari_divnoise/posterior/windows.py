"""Which pixels and which latents a piece of a sample depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..networks import UNet

if TYPE_CHECKING:
    from ..networks import Network

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a network looks.

    Attributes
    ----------
    factor : int
        Pixels between two latents.
    encoder : int
        Pixels around a latent that it depends on; a multiple of `factor`.
    decoder : int
        Latents around a pixel's own that it depends on.
    """

    factor: int
    encoder: int
    decoder: int

    @classmethod
    def of(cls, network: Network) -> Reach:
        """Return the reach of a network; one without latents has a "latent" a cell."""
        if isinstance(network, UNet):
            return cls(network.downsampling, network.halo, 0)
        return cls(network.downsampling, network.encoder_halo, network.decoder_halo)


@dataclass(frozen=True, slots=True)
class Window:
    """One axis of a piece of a sample, and what it is computed from.

    Attributes
    ----------
    core : tuple of int
        The wanted pixels, from, to.
    latents : tuple of int
        The latents that they depend on.
    pixels : tuple of int
        The observed pixels that those depend on, inside the padded image.
    """

    core: Span
    latents: Span
    pixels: Span

    def latents_in_pixels(self, factor: int) -> slice:
        """Return the latents, counted from the first latent of the observed pixels."""
        first = self.pixels[0] // factor
        return slice(self.latents[0] - first, self.latents[1] - first)

    def core_in_latents(self, factor: int) -> slice:
        """Return the wanted pixels, counted from the first latent's first pixel."""
        first = self.latents[0] * factor
        return slice(self.core[0] - first, self.core[1] - first)

    def core_in_pixels(self) -> slice:
        """Return the wanted pixels, counted from the first observed pixel."""
        return slice(self.core[0] - self.pixels[0], self.core[1] - self.pixels[0])


def window_along(core: Span, length: int, reach: Reach) -> Window:
    """Return what the pixels `core` of an axis of `length` pixels depend on.

    Windows start on multiples of the network's factor, so that pooling sees the
    grid that it sees in the whole image.
    """
    n_latents = -(-length // reach.factor)
    start = max(core[0] // reach.factor - reach.decoder, 0)
    stop = min(-(-core[1] // reach.factor) + reach.decoder, n_latents)
    first = max(start * reach.factor - reach.encoder, 0)
    last = min(stop * reach.factor + reach.encoder, n_latents * reach.factor)
    return Window(core=core, latents=(start, stop), pixels=(first, last))


def read_window(image: Any, rows: Span, columns: Span) -> npt.NDArray[np.generic]:
    """Read a window of ``(Y, X)``; what lies below or right of the image is reflected.

    Raises
    ------
    ValueError
        If a pixel is NaN or infinite.
    """
    n_rows, n_columns = image.shape
    cut = np.asarray(image[rows[0] : rows[1], columns[0] : columns[1]])
    if cut.dtype.kind == "f" and not np.isfinite(cut).all():
        bad = int(cut.size - np.isfinite(cut).sum())
        raise ValueError(
            f"{bad} pixels of the image are NaN or infinite, between rows {rows[0]} "
            f"and {rows[1]}, columns {columns[0]} and {columns[1]}: a network cannot "
            "read them; replace them first, for example by the median around them"
        )
    below = max(rows[1] - n_rows, 0)
    right = max(columns[1] - n_columns, 0)
    if below or right:
        cut = np.pad(cut, ((0, below), (0, right)), mode="reflect")
    return cut
