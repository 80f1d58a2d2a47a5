"""Blind spots: pixels that the network is asked about and does not see.

Noise2Void hides single pixels behind one of their neighbours and asks the network for
what was there: the noise of one pixel says nothing about that of another, so that the
best answer is the signal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

RADIUS = 2
"""A replacement comes from the 5 x 5 pixels around: as published."""


@dataclass(frozen=True, slots=True)
class BlindSpots:
    """Hidden pixels of a batch, and where their replacements come from.

    Attributes
    ----------
    patches, rows, columns : torch.Tensor
        Of each hidden pixel, ``(M,)``, int64.
    source_rows, source_columns : torch.Tensor
        Of the pixel, in the same patch, whose value is put there, ``(M,)``.
    """

    patches: Tensor
    rows: Tensor
    columns: Tensor
    source_rows: Tensor
    source_columns: Tensor

    def hidden_in(self, x: Tensor) -> Tensor:
        """Return a copy of ``(B, 1, Y, X)`` in which the pixels are replaced.

        Every replacement is a value of `x` itself, also where its pixel is hidden too.
        """
        masked = x.clone()
        values = x[self.patches, :, self.source_rows, self.source_columns]
        masked[self.patches, :, self.rows, self.columns] = values
        return masked

    def to(self, device: torch.device) -> BlindSpots:
        """Return the same hidden pixels on another device."""
        return BlindSpots(
            *(getattr(self, name).to(device) for name in self.__dataclass_fields__)
        )

    def taken_from(self, x: Tensor) -> Tensor:
        """Return the hidden pixels of ``(B, C, Y, X)``, ``(M, C)``."""
        return x.permute(0, 2, 3, 1)[self.patches, self.rows, self.columns]


def box_of(mask_share: float) -> int:
    """Return the edge of the square, in pixels, of which one pixel is hidden."""
    return max(round(math.sqrt(1 / mask_share)), 2)


def draw_blind_spots(
    shape: tuple[int, int, int], *, box: int, generator: torch.Generator
) -> BlindSpots:
    """Draw hidden pixels, one in every square of a grid, and their replacements.

    Parameters
    ----------
    shape : tuple of int
        ``(B, Y, X)``, Y and X at least 5.
    box : int
        Edge of the squares, in pixels.
    generator : torch.Generator
        What is drawn from; the tensors lie on its device.

    Notes
    -----
    The grid starts anywhere, in each patch elsewhere, so that every pixel is hidden
    equally often: once in ``box ** 2`` batches. A square that reaches beyond the patch
    hides none if its pixel falls there.

    The 5 x 5 window of a pixel near a border is shifted into the patch. A pixel's own
    place in its window is left out of the draw, so that none is replaced by itself,
    which would teach the network to copy.
    """
    n_patches, n_rows, n_columns = shape
    device = generator.device

    def below(high: int, *size: int) -> Tensor:
        return torch.randint(high, size, generator=generator, device=device)

    grid = (n_patches, -(-n_rows // box) + 1, -(-n_columns // box) + 1)
    rows = _on_grid(grid[1], box, device)[:, None] - below(box, n_patches, 1, 1)
    columns = _on_grid(grid[2], box, device) - below(box, n_patches, 1, 1)
    rows, columns = rows + below(box, *grid), columns + below(box, *grid)
    inside = (rows >= 0) & (rows < n_rows) & (columns >= 0) & (columns < n_columns)
    patches = torch.arange(n_patches, device=device)[:, None, None].expand(grid)
    patches, rows, columns = patches[inside], rows[inside], columns[inside]

    width = 2 * RADIUS + 1
    top = (rows - RADIUS).clamp(0, n_rows - width)
    left = (columns - RADIUS).clamp(0, n_columns - width)
    own = (rows - top) * width + columns - left
    place = below(width**2 - 1, len(rows))
    place = place + (place >= own)
    down, right = place // width, place % width
    return BlindSpots(patches, rows, columns, top + down, left + right)


def _on_grid(n: int, box: int, device: torch.device) -> Tensor:
    return torch.arange(n, device=device) * box
