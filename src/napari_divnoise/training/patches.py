"""Random patches and their eight symmetries, straight from the stack."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import psutil
import torch

if TYPE_CHECKING:
    from torch import Tensor

_RESIDENT_TYPES = {
    np.dtype(name): np.dtype(name)
    for name in ("uint8", "int8", "int16", "int32", "float16", "float32")
} | {np.dtype("uint16"): np.dtype("int32")}


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of the field of view, in pixels, the same in every image."""

    top: int
    left: int
    height: int
    width: int

    def meets(self, rows: np.ndarray, columns: np.ndarray, size: int) -> np.ndarray:
        """Return which patches of `size` pixels overlap this block."""
        apart = (
            (rows + size <= self.top)
            | (rows >= self.top + self.height)
            | (columns + size <= self.left)
            | (columns >= self.left + self.width)
        )
        return ~apart


@dataclass(frozen=True, slots=True)
class Places:
    """Where the patches of one batch are, and how they are turned.

    Attributes
    ----------
    images, rows, columns : numpy.ndarray
        Image number and upper left corner of each patch, ``(B,)``.
    symmetries : numpy.ndarray
        0 to 7, ``(B,)``: bit 0 mirrors the rows, bit 1 the columns, bit 2 swaps
        rows and columns.
    """

    images: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    symmetries: np.ndarray


class PatchSource(Protocol):
    """Where patches come from."""

    def take(self, places: Places, size: int) -> Tensor:
        """Return patches ``(B, 1, size, size)``, float32, camera units."""
        ...


def validation_block(
    shape: tuple[int, int, int], fraction: float, smallest: int, seed: int
) -> Block | None:
    """Return the corner of the field of view that is kept out of the training.

    Parameters
    ----------
    shape : tuple of int
        ``(N, Y, X)``.
    fraction : float
        Share of the field of view.
    smallest : int
        Images with a smaller edge, in pixels, have no such block.
    seed : int
        Chooses the corner.

    Notes
    -----
    It is the same corner in every image: were it not, a stack of one still scene
    would show the network in one frame what it is tested on in another.
    """
    _, n_rows, n_columns = shape
    if fraction <= 0 or min(n_rows, n_columns) < smallest:
        return None
    height = max(int(n_rows * fraction**0.5) // 16 * 16, 32)
    width = max(int(n_columns * fraction**0.5) // 16 * 16, 32)
    down, right = divmod(seed % 4, 2)
    return Block(down * (n_rows - height), right * (n_columns - width), height, width)


def draw_places(
    shape: tuple[int, int, int],
    *,
    n: int,
    size: int,
    kept_out: Block | None,
    augment: bool,
    rng: np.random.Generator,
) -> Places:
    """Draw where `n` patches lie, uniformly over all places that are allowed.

    Parameters
    ----------
    shape : tuple of int
        ``(N, Y, X)`` of the stack.
    size : int
        Edge of a patch in pixels.
    kept_out : Block or None
        No patch touches it.
    augment : bool
        Draw one of the eight symmetries for each patch.
    rng : numpy.random.Generator
        What is drawn from.
    """
    n_images, n_rows, n_columns = shape
    rows = np.empty(0, dtype=np.int64)
    columns = np.empty(0, dtype=np.int64)
    while len(rows) < n:
        row = rng.integers(0, n_rows - size + 1, size=2 * n)
        column = rng.integers(0, n_columns - size + 1, size=2 * n)
        if kept_out is not None:
            free = ~kept_out.meets(row, column, size)
            row, column = row[free], column[free]
        rows = np.concatenate([rows, row])[:n]
        columns = np.concatenate([columns, column])[:n]
    images = rng.integers(0, n_images, size=n)
    symmetries = rng.integers(0, 8 if augment else 1, size=n)
    return Places(images, rows, columns, symmetries)


class ResidentPatches:
    """Patches from a stack that lies in the memory of the device.

    Parameters
    ----------
    images : array
        ``(N, Y, X)``.
    device : torch.device
        Where the stack is kept and the patches are cut.
    """

    def __init__(self, images: Any, device: torch.device) -> None:
        array = np.asarray(images)
        kept = _RESIDENT_TYPES.get(array.dtype, np.dtype("float32"))
        # A copy of the right type, or a view that is never written to.
        self._stack = torch.as_tensor(np.array(array, dtype=kept), device=device)

    def take(self, places: Places, size: int) -> Tensor:
        """Return patches ``(B, 1, size, size)``, float32, camera units."""
        device = self._stack.device
        steps = torch.arange(size, device=device)
        n_rows, n_columns = self._stack.shape[1:]
        bits = torch.as_tensor(places.symmetries, device=device)
        down = _mirrored(steps, (bits & 1).bool())  # (B, size)
        right = _mirrored(steps, (bits & 2).bool())
        swap = (bits & 4).bool()[:, None, None]
        y = torch.where(swap, down[:, None, :], down[:, :, None])
        x = torch.where(swap, right[:, :, None], right[:, None, :])
        corner = (places.images * n_rows + places.rows) * n_columns + places.columns
        start = torch.as_tensor(corner, device=device)[:, None, None]
        index = start + y * n_columns + x  # (B, size, size)
        patches = self._stack.view(-1)[index]
        return patches[:, None].float()


class LazyPatches:
    """Patches from a stack that stays on disk: each is read when it is drawn.

    Parameters
    ----------
    images : array
        ``(N, Y, X)``, a memory map or any array that reads what is indexed.
    device : torch.device
        Where the patches are put.
    """

    def __init__(self, images: Any, device: torch.device) -> None:
        self._images = images
        self._device = device

    def take(self, places: Places, size: int) -> Tensor:
        """Return patches ``(B, 1, size, size)``, float32, camera units."""
        patches = np.empty((len(places.rows), 1, size, size), dtype=np.float32)
        corners = zip(places.images, places.rows, places.columns, strict=True)
        for patch, (n, y, x), bits in zip(
            patches, corners, places.symmetries, strict=True
        ):
            cut = np.asarray(self._images[int(n), y : y + size, x : x + size])
            cut = cut[::-1] if bits & 1 else cut
            cut = cut[:, ::-1] if bits & 2 else cut
            patch[0] = cut.T if bits & 4 else cut
        return torch.from_numpy(patches).to(self._device)


class PatchStream:
    """The patches of each step, a function of seed and step alone.

    Parameters
    ----------
    images : array
        ``(N, Y, X)``, camera units, any integer or float type.
    size : int
        Edge of a patch in pixels.
    kept_out : Block or None
        What no training patch touches.
    augment : bool
        Turn and mirror.
    seed : int
        Of the places.
    device : torch.device
        Where the patches are wanted.
    """

    def __init__(
        self,
        images: Any,
        *,
        size: int,
        kept_out: Block | None,
        augment: bool,
        seed: int,
        device: torch.device,
    ) -> None:
        self._shape = (int(images.shape[0]), int(images.shape[1]), int(images.shape[2]))
        self._size = size
        self._kept_out = kept_out
        self._augment = augment
        self._seed = seed
        self.resident = fits_in_memory(images, device)
        make = ResidentPatches if self.resident else LazyPatches
        self._source: PatchSource = make(images, device)
        # Reading from disk goes on while the network computes.
        self._reader = None if self.resident else ThreadPoolExecutor(1)
        self._next: tuple[tuple[int, int], Future[Tensor]] | None = None

    def batch(self, step: int, n: int) -> Tensor:
        """Return the `n` patches of `step`, ``(n, 1, size, size)``, camera units."""
        if self._reader is None:
            return self._take(step, n)
        ahead = self._next
        if ahead is None or ahead[0] != (step, n):
            patches = self._take(step, n)
        else:
            patches = ahead[1].result()
        self._next = ((step + 1, n), self._reader.submit(self._take, step + 1, n))
        return patches

    def close(self) -> None:
        """Stop reading ahead."""
        if self._reader is not None:
            self._reader.shutdown(wait=True, cancel_futures=True)

    def _take(self, step: int, n: int) -> Tensor:
        places = draw_places(
            self._shape,
            n=n,
            size=self._size,
            kept_out=self._kept_out,
            augment=self._augment,
            rng=np.random.default_rng([self._seed, step]),
        )
        return self._source.take(places, self._size)


def fits_in_memory(images: Any, device: torch.device) -> bool:
    """Return whether the stack takes at most half of the device's free memory."""
    dtype = np.dtype(images.dtype)
    itemsize = _RESIDENT_TYPES.get(dtype, np.dtype("float32")).itemsize
    needed = int(np.prod(images.shape, dtype=np.int64)) * itemsize
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    else:
        free = psutil.virtual_memory().available
    return needed <= free // 2


def some_of(images: Any, *, most: int = 8, edge: int = 1024) -> np.ndarray:
    """Return a bounded part of a stack of any size: the middles of a few images.

    Parameters
    ----------
    images : array
        ``(N, Y, X)``.
    most : int
        At most so many images, evenly spread.
    edge : int
        At most so many rows and columns.
    """
    n_images, n_rows, n_columns = (int(n) for n in images.shape)
    chosen = np.unique(np.linspace(0, n_images - 1, min(most, n_images)).astype(int))
    top, left = max((n_rows - edge) // 2, 0), max((n_columns - edge) // 2, 0)
    window = (slice(top, top + edge), slice(left, left + edge))
    return np.stack([np.asarray(images[int(n)][window]) for n in chosen])


def _mirrored(steps: Tensor, mirror: Tensor) -> Tensor:
    """Return the steps of each patch, ``(B, size)``, backwards where mirrored."""
    return torch.where(mirror[:, None], steps.flip(0), steps)
