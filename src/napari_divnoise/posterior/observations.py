"""What is denoised: one image or a stack, cut into pieces and read as it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..images import tile_grid
from .windows import Reach, Span, Window, read_window, window_along

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from ..images import Normalization

    Draw = Callable[[Sequence[int], "Piece"], Iterator[torch.Tensor]]

TILE_SIZE = {"cpu": 768, "cuda": 2048}


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of one image of a stack, in pixels.

    Attributes
    ----------
    plane : int
        Number of the image.
    rows, columns : slice
        The rectangle, inside the image.
    """

    plane: int
    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (
            self.rows.stop - self.rows.start,
            self.columns.stop - self.columns.start,
        )


class Observations:
    """One image or a stack, read window by window in network units.

    Parameters
    ----------
    image : array
        ``(Y, X)`` or ``(N, Y, X)``, camera units, any integer or float type; may be
        lazy: only what is needed is read.
    normalization : Normalization
        Camera units to network units.
    device : torch.device
        Where windows are put.

    Attributes
    ----------
    shape : tuple of int
        Of the image or stack.

    Raises
    ------
    ValueError
        If the image has not two or three axes, or is empty.
    """

    def __init__(
        self, image: Any, normalization: Normalization, device: torch.device
    ) -> None:
        if len(image.shape) not in (2, 3) or 0 in image.shape:
            raise ValueError(
                f"an image must be (Y, X) or a stack (N, Y, X) and not empty, got "
                f"the shape {tuple(image.shape)}: pick a channel and name the axes"
            )
        self.shape = tuple(int(n) for n in image.shape)
        self._image = image
        self._normalization = normalization
        self._device = device
        self._edge = TILE_SIZE.get(device.type, 1024)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of an image."""
        return self.shape[-2], self.shape[-1]

    @property
    def n_planes(self) -> int:
        """Images of the stack; 1 for a single image."""
        return self.shape[0] if len(self.shape) == 3 else 1

    def pieces(self, tile_size: int | None = None) -> Iterator[Piece]:
        """Yield rectangles that cover every image once.

        Parameters
        ----------
        tile_size : int, optional
            Longest edge in pixels; by default what suits the device.
        """
        edge = tile_size or self._edge
        # A remainder of a few pixels costs its whole halo: rather two equal parts.
        sizes = [-(-n // -(-n // edge)) for n in self.size]
        for plane in range(self.n_planes):
            for top in range(0, self.size[0], sizes[0]):
                for left in range(0, self.size[1], sizes[1]):
                    yield Piece(
                        plane,
                        slice(top, min(top + sizes[0], self.size[0])),
                        slice(left, min(left + sizes[1], self.size[1])),
                    )

    def windows(self, piece: Piece, reach: Reach) -> tuple[Window, Window]:
        """Return what the rows and the columns of a piece depend on."""
        spans = ((s.start, s.stop) for s in (piece.rows, piece.columns))
        rows, columns = (
            window_along(span, n, reach)
            for span, n in zip(spans, self.size, strict=True)
        )
        return rows, columns

    def read(self, plane: int, rows: Span, columns: Span) -> torch.Tensor:
        """Return a window, ``(1, 1, Y, X)``, network units.

        Raises
        ------
        ValueError
            If a pixel is NaN or infinite.
        """
        image = self._image[plane] if len(self.shape) == 3 else self._image
        observation = read_window(image, rows, columns)
        x = torch.from_numpy(self._normalization.normalize(observation).copy())
        return x[None, None].to(self._device)

    def collect(
        self,
        draw: Draw,
        numbers: Sequence[int],
        *,
        planes: Sequence[int] | None = None,
        region: tuple[slice, slice] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Return samples, drawn piece by piece, as one array.

        Parameters
        ----------
        draw : callable
            ``draw(numbers, piece)`` yields batches ``(S, Y, X)``, in order.
        numbers : sequence of int
            Which samples, 0 or more.
        planes : sequence of int, optional
            Which images of a stack; all by default.
        region : tuple of slice, optional
            Rows and columns, in pixels; the whole image by default.

        Returns
        -------
        numpy.ndarray
            ``(S, Y, X)`` for one image, ``(S, N, Y, X)`` for a stack, float32.

        Raises
        ------
        ValueError
            If a number is negative.
        """
        if any(number < 0 for number in numbers):
            raise ValueError(
                f"samples are numbered from 0, got {min(numbers)}: there is no last "
                "one to count back from"
            )
        rows, columns = (
            _filled(part, n)
            for part, n in zip(region or (slice(None),) * 2, self.size, strict=True)
        )
        chosen = list(range(self.n_planes)) if planes is None else list(planes)
        shape = (len(numbers), len(chosen), rows.stop - rows.start)
        result = np.empty((*shape, columns.stop - columns.start), dtype=np.float32)
        for i, plane in enumerate(chosen):
            for piece, y, x in self._pieces_in(plane, rows, columns):
                done = 0
                for batch in draw(numbers, piece):
                    result[done : done + len(batch), i, y, x] = batch.cpu().numpy()
                    done += len(batch)
        return result if len(self.shape) == 3 else result[:, 0]

    def _pieces_in(
        self, plane: int, rows: slice, columns: slice
    ) -> Iterator[tuple[Piece, slice, slice]]:
        """Yield pieces that cover a region, and where they lie in it."""
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        for tile in tile_grid(shape, size=self._edge, halo=0):
            y, x = tile.core
            yield (
                Piece(
                    plane,
                    slice(rows.start + y.start, rows.start + y.stop),
                    slice(columns.start + x.start, columns.start + x.stop),
                ),
                y,
                x,
            )


def _filled(part: slice, length: int) -> slice:
    start, stop, step = part.indices(length)
    if step != 1 or stop <= start:
        raise ValueError(
            f"a region must be a rectangle of pixels with step 1, got {part} of "
            f"{length}: take every pixel, and thin out the result"
        )
    return slice(start, stop)
