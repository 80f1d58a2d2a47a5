"""What draws samples, whatever the network behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    import torch

    from .observations import Piece


class Sampler(Protocol):
    """Draws signals that could have been, for one image or for a stack.

    Sample k of an image depends on the sampler's making and k alone: it is the same
    in every piece, in every order, among any others.

    Attributes
    ----------
    shape : tuple of int
        Of one sample, ``(Y, X)`` or ``(N, Y, X)``.
    seed : int
        Of what is random.
    device, dtype
        Where and in which type is computed.
    """

    shape: tuple[int, ...]
    seed: int
    device: torch.device
    dtype: torch.dtype

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of an image."""
        ...

    @property
    def n_planes(self) -> int:
        """Images of the stack; 1 for a single image."""
        ...

    def pieces(self, tile_size: int | None = None) -> Iterator[Piece]:
        """Yield rectangles that cover every image once."""
        ...

    def draw(self, samples: Sequence[int], piece: Piece) -> Iterator[torch.Tensor]:
        """Yield samples of a piece in batches ``(S, Y, X)``, camera units, in order."""
        ...

    def samples(
        self,
        numbers: Sequence[int],
        *,
        planes: Sequence[int] | None = None,
        region: tuple[slice, slice] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Return samples by their numbers, camera units."""
        ...

    def exact_mean(self, piece: Piece) -> torch.Tensor | None:
        """Return the mean of endlessly many samples, ``(Y, X)``; None if not known."""
        ...
