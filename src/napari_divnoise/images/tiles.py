"""Windows with halos, and back: a large image in pieces, without a trace of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Tile:
    """One window onto an image, and the part of the window that is kept.

    Attributes
    ----------
    window : tuple of slice
        What the network sees: the core and the halo around it.
    core : tuple of slice
        What this tile answers for. The cores of a grid cover every pixel once.
    """

    window: tuple[slice, ...]
    core: tuple[slice, ...]

    @property
    def core_in_window(self) -> tuple[slice, ...]:
        """The core, counted from the window's corner."""
        return tuple(
            slice(core.start - window.start, core.stop - window.start)
            for core, window in zip(self.core, self.window, strict=True)
        )


def tile_grid(shape: tuple[int, ...], *, size: int, halo: int) -> Iterator[Tile]:
    """Yield tiles of `size` pixels whose cores cover an image of `shape` exactly once.

    Parameters
    ----------
    shape : tuple of int
        Spatial shape of the image, ``(Y, X)`` or ``(Z, Y, X)``, in pixels.
    size : int
        Edge of a window, in pixels, the same along every axis. An image that is
        smaller than this along an axis is not cut there.
    halo : int
        Context, in pixels, that separates a core from its window's edge wherever
        that edge is not the image's own. Neighbouring windows overlap by at least
        ``2 * halo``.

    Yields
    ------
    Tile
        In row-major order of their cores.

    Raises
    ------
    ValueError
        If the halo is negative or leaves no core.

    Notes
    -----
    A network that downsamples by `f` sees the same grid in every window only if all
    windows start on multiples of `f`. They do if `shape`, `size` and `halo` are
    multiples of `f`.
    """
    if halo < 0:
        raise ValueError(f"halo must be 0 pixels or more, got {halo}")
    if size <= 2 * halo:
        raise ValueError(
            f"a tile of {size} pixels has no core left inside a halo of {halo}: "
            f"size must be greater than 2 * halo = {2 * halo}"
        )
    spans = (_axis_spans(length, size, halo) for length in shape)
    for axes in product(*spans):
        windows, cores = zip(*axes, strict=True)
        yield Tile(window=windows, core=cores)


def _axis_spans(length: int, size: int, halo: int) -> list[tuple[slice, slice]]:
    """Windows and cores along one axis; the last window is pushed back to fit."""
    if length <= size:
        return [(slice(0, length), slice(0, length))]
    step = size - 2 * halo
    starts = [*range(0, length - size, step), length - size]
    cuts = [0, *(start + halo for start in starts[1:]), length]
    return [
        (slice(start, start + size), slice(cut, next_cut))
        for start, (cut, next_cut) in zip(starts, pairwise(cuts), strict=True)
    ]


def map_tiles(
    function: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]],
    image: np.ndarray[Any, Any],
    *,
    size: int,
    halo: int,
) -> np.ndarray[Any, Any]:
    """Apply `function` window by window and keep each window's core.

    Equal to ``function(image)`` if no output pixel of `function` depends on an
    input pixel more than `halo` pixels away.

    Parameters
    ----------
    function : callable
        Maps a window to an array of the window's own shape, of any dtype.
    image : ndarray
        Spatial axes only, ``(Y, X)`` or ``(Z, Y, X)``.
    size, halo : int
        As for `tile_grid`, in pixels.

    Returns
    -------
    ndarray
        Of the image's shape and of the dtype that `function` returns.
    """
    if image.size == 0:
        raise ValueError(f"an image of shape {image.shape} has no pixels to tile")
    result: np.ndarray[Any, Any] | None = None
    for tile in tile_grid(image.shape, size=size, halo=halo):
        piece = function(image[tile.window])
        if result is None:
            result = np.empty(image.shape, piece.dtype)
        result[tile.core] = piece[tile.core_in_window]
    return result if result is not None else image


def pad_to_multiple(
    image: np.ndarray[Any, Any], multiple: int
) -> tuple[np.ndarray[Any, Any], tuple[slice, slice]]:
    """Reflect the lower and right edge outwards until Y and X divide by `multiple`.

    The upper left pixel stays where it is, so that positions counted from it (the
    latent noise of the posterior is one) do not move.

    Parameters
    ----------
    image : ndarray
        ``(..., Y, X)``; may be smaller than the padding it needs.
    multiple : int
        What the network needs, in pixels: its downsampling factor.

    Returns
    -------
    padded : ndarray
        The image itself, not a copy, where nothing had to be added.
    crop : tuple of two slice
        ``padded[..., *crop]`` is the image again.

    Raises
    ------
    ValueError
        If `multiple` is less than 1 or the image has no pixels.
    """
    if multiple < 1:
        raise ValueError(f"multiple must be 1 pixel or more, got {multiple}")
    if image.ndim < 2 or image.size == 0:
        raise ValueError(
            f"an image has two axes (Y, X) of 1 pixel or more, got shape {image.shape}"
        )
    height, width = image.shape[-2:]
    below, right = -height % multiple, -width % multiple
    crop = (slice(0, height), slice(0, width))
    if not below and not right:
        return image, crop
    widths = [(0, 0)] * (image.ndim - 2) + [(0, below), (0, right)]
    return np.pad(image, widths, mode="reflect"), crop
