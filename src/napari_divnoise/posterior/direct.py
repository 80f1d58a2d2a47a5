"""One pass through a U-Net, window by window: the denoised image, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ..networks import keep_freed_memory, resolve_device, resolve_dtype
from .observations import Observations, Piece
from .windows import Reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..images import Normalization
    from ..networks import UNet


class WindowedUNet:
    """A U-Net over images of any size: what it says of a piece is what it says of all.

    Parameters
    ----------
    network : UNet
        Trained.
    observations : Observations
        What it looks at.
    device : torch.device
        Where to compute.
    dtype : torch.dtype
        Of the convolutions.
    """

    def __init__(
        self,
        network: UNet,
        observations: Observations,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        if device.type == "cpu":
            keep_freed_memory()
        self._observations = observations
        self._network = network.to(device).eval()
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._reach = Reach.of(network)
        self._device = device
        self._dtype = dtype

    @torch.inference_mode()
    def look(self, piece: Piece) -> tuple[torch.Tensor, torch.Tensor]:
        """Return observation ``(Y, X)`` and features ``(Y, X, n_filters)`` of a piece.

        The observation is in network units; both lie on the device.
        """
        rows, columns = self._observations.windows(piece, self._reach)
        x = self._observations.read(piece.plane, rows.pixels, columns.pixels)
        is_fast = self._dtype != torch.float32
        with torch.autocast(self._device.type, torch.bfloat16, enabled=is_fast):
            features = self._network.features(x)
        core = (..., rows.core_in_pixels(), columns.core_in_pixels())
        return x[core][0, 0], features[core][0].permute(1, 2, 0)


class DirectDenoiser:
    """The signal of every pixel in one pass: Noise2Void.

    Parameters
    ----------
    network : UNet
        Trained, with one output for each pixel.
    normalization : Normalization
        Of its training.
    image : array
        ``(Y, X)`` or ``(N, Y, X)``, camera units, any integer or float type; may be
        lazy: only what is needed is read.
    device : str
        "auto", "cpu", "cuda" or "mps".
    precision : str
        "auto", "float32" or "bfloat16". In float32 a piece equals the same part of
        the whole image to 1e-5 of the data's spread.

    Raises
    ------
    ValueError
        If the image has not two or three axes, or is empty.
    """

    def __init__(
        self,
        network: UNet,
        normalization: Normalization,
        image: Any,
        *,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        self.device = resolve_device(device)
        self.dtype = resolve_dtype(precision, self.device)
        self._observations = Observations(image, normalization, self.device)
        self.shape = self._observations.shape
        self._windows = WindowedUNet(
            network, self._observations, self.device, self.dtype
        )
        self._network = network
        self._normalization = normalization

    def pieces(self, tile_size: int | None = None) -> Iterator[Piece]:
        """Yield rectangles that cover every image once, see `Observations.pieces`."""
        return self._observations.pieces(tile_size)

    @torch.inference_mode()
    def exact_mean(self, piece: Piece) -> torch.Tensor:
        """Return the denoised piece, ``(Y, X)``, float32, camera units."""
        _, features = self._windows.look(piece)
        return self._normalization.denormalize(self._network.head(features)[..., 0])
