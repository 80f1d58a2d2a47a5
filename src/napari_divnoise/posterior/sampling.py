"""Encode once, decode many: posterior samples of images of any size."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import torch

from ..networks import keep_freed_memory, resolve_device, resolve_dtype
from .epsilon import latent_noise
from .observations import Observations
from .windows import Reach, Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from ..images import Normalization
    from ..networks import DivNoising
    from .observations import Piece

PIXELS_PER_CALL = {"cpu": 1 << 19, "cuda": 1 << 24}
"""Pixels that are decoded at once: what keeps a processor's cache, or a GPU, busy."""
CACHED_PIXELS = 1 << 23
"""Latents of so many pixels are kept, 32 bytes for each at depth 2."""


@dataclass(frozen=True, slots=True)
class LatentField:
    """q(z | x) over a window, in the type that is computed in.

    Attributes
    ----------
    mean, std : torch.Tensor
        ``(1, C, Y, X)``, latent units.
    """

    mean: torch.Tensor
    std: torch.Tensor


class PosteriorSampler:
    """Draws signals that could have been, for one image or for a stack.

    Parameters
    ----------
    network : DivNoising
        Trained.
    normalization : Normalization
        Of its training.
    image : array
        ``(Y, X)`` or ``(N, Y, X)``, camera units, any integer or float type; may be
        lazy: only what is needed is read.
    seed : int
        Of the latent noise, 0 or more. Sample k of an image depends on network,
        image, seed and k alone.
    device : str
        "auto", "cpu", "cuda" or "mps".
    precision : str
        "auto", "float32" or "bfloat16". In float32 a tile equals the same part of
        the whole image to 1e-5 of the data's spread.

    Raises
    ------
    ValueError
        If the image has not two or three axes, or is empty.
    """

    def __init__(
        self,
        network: DivNoising,
        normalization: Normalization,
        image: Any,
        *,
        seed: int = 0,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        self.seed = seed
        self.device = resolve_device(device)
        if self.device.type == "cpu":
            keep_freed_memory()
        self.dtype = resolve_dtype(precision, self.device)
        self._observations = Observations(image, normalization, self.device)
        self.shape = self._observations.shape
        self._network = network.to(self.device).eval()
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._reach = Reach.of(network)
        with torch.no_grad():
            layers = self._network.decoder.layers(self.dtype)
        self._decode = layers.scaled(normalization.std, normalization.mean)
        self._latents: OrderedDict[Any, LatentField] = OrderedDict()
        self._lock = Lock()

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of an image."""
        return self._observations.size

    @property
    def n_planes(self) -> int:
        """Images of the stack; 1 for a single image."""
        return self._observations.n_planes

    def pieces(self, tile_size: int | None = None) -> Iterator[Piece]:
        """Yield rectangles that cover every image once, see `Observations.pieces`."""
        return self._observations.pieces(tile_size)

    def exact_mean(self, _piece: Piece) -> None:
        """Return None: the mean is known from samples alone."""

    def draw(self, samples: Sequence[int], piece: Piece) -> Iterator[torch.Tensor]:
        """Yield samples of a piece in batches, in order.

        Parameters
        ----------
        samples : sequence of int
            Numbers of the samples, 0 or more.
        piece : Piece
            Where.

        Yields
        ------
        torch.Tensor
            ``(S, Y, X)``, camera units, float32, on the sampler's device.
        """
        rows, columns = self._observations.windows(piece, self._reach)
        per_call = PIXELS_PER_CALL.get(self.device.type, 1 << 20)
        n_pixels = (rows.latents[1] - rows.latents[0]) * self._reach.factor
        n_pixels *= (columns.latents[1] - columns.latents[0]) * self._reach.factor
        size = max(per_call // n_pixels, 1)
        with self._lock:
            latents = self._encoded(piece.plane, rows, columns)
        for start in range(0, len(samples), size):
            yield self._decoded(
                latents, samples[start : start + size], piece.plane, rows, columns
            )

    def samples(
        self,
        numbers: Sequence[int],
        *,
        planes: Sequence[int] | None = None,
        region: tuple[slice, slice] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Return samples by their numbers.

        Parameters
        ----------
        numbers : sequence of int
            Which samples, 0 or more.
        planes : sequence of int, optional
            Which images of a stack; all by default.
        region : tuple of slice, optional
            Rows and columns, in pixels; the whole image by default.

        Returns
        -------
        numpy.ndarray
            ``(S, Y, X)`` for one image, ``(S, N, Y, X)`` for a stack, float32,
            camera units.

        Raises
        ------
        ValueError
            If a number is negative.
        """
        return self._observations.collect(
            self.draw, numbers, planes=planes, region=region
        )

    def sample(self, number: int) -> npt.NDArray[np.float32]:
        """Return sample `number`: always the same picture."""
        image: npt.NDArray[np.float32] = self.samples([number])[0]
        return image

    @torch.inference_mode()
    def _encoded(self, plane: int, rows: Window, columns: Window) -> LatentField:
        """Return the latents of a window, from the cache if they are there."""
        key = (plane, rows.latents, columns.latents)
        if key in self._latents:
            self._latents.move_to_end(key)
            return self._latents[key]
        x = self._observations.read(plane, rows.pixels, columns.pixels)
        with torch.autocast(
            self.device.type,
            dtype=torch.bfloat16,
            enabled=self.dtype != torch.float32,
        ):
            q = self._network.encode(x)
        cut = (
            ...,
            rows.latents_in_pixels(self._reach.factor),
            columns.latents_in_pixels(self._reach.factor),
        )
        mean, std = (
            t[cut].to(self.dtype).contiguous(memory_format=torch.channels_last)
            for t in (q.mean, q.log_std.exp())
        )
        found = LatentField(mean, std)
        self._remember(key, found)
        return found

    def _remember(self, key: Any, latents: LatentField) -> None:
        self._latents[key] = latents
        area = self._reach.factor**2
        held = sum(q.mean[0, 0].numel() * area for q in self._latents.values())
        while held > CACHED_PIXELS and len(self._latents) > 1:
            _, oldest = self._latents.popitem(last=False)
            held -= oldest.mean[0, 0].numel() * area

    @torch.inference_mode()
    def _decoded(
        self,
        latents: LatentField,
        samples: Sequence[int],
        plane: int,
        rows: Window,
        columns: Window,
    ) -> torch.Tensor:
        """Return samples of a window, cut to its core, in camera units."""
        epsilon = latent_noise(
            samples,
            slice(*rows.latents),
            slice(*columns.latents),
            n_channels=self._network.z_channels,
            seed=self.seed,
            image=plane,
            dtype=self.dtype,
        ).to(self.device, non_blocking=True)
        decoded: torch.Tensor = self._decode(
            torch.addcmul(latents.mean, latents.std, epsilon)
        )
        y, x = (axis.core_in_latents(self._reach.factor) for axis in (rows, columns))
        return decoded[:, 0, y, x]
