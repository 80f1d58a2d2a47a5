"""Many files or arrays of one size, joined into one lazy stack."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .lazy import dask_array, in_blocks, in_single_images

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .stack import ImageStack

_MAX_BLOCK = 1 << 24
_MAX_OPEN = 200


def join_stacks(
    open_part: Callable[[int], ImageStack],
    read_part: Callable[[int], np.ndarray[Any, Any]],
    n_parts: int,
) -> ImageStack:
    """Join stacks of one size along N.

    Small parts, and parts beyond the number of files that a process may hold open,
    are opened again whenever their pixels are needed, and closed.

    Parameters
    ----------
    open_part : callable
        Opens part number 0 ... `n_parts` - 1 without reading its pixels.
    read_part : callable
        Reads part number 0 ... `n_parts` - 1, ``(N, C, Y, X)``.
    n_parts : int
        Number of parts, 1 or more.

    Returns
    -------
    ImageStack
        Its axes are N, C (if the first part has one), Y, X; its data a dask array.

    Raises
    ------
    ValueError
        If the parts differ in size or in their number of channels.
    """
    first = open_part(0)
    names: list[str] = []
    lengths: list[int] = []
    dtypes: list[np.dtype[Any]] = []
    n_large = 0
    for number in range(n_parts):
        part = open_part(number)
        _check_alike(part, first)
        names += part.names
        lengths.append(part.n_images)
        dtypes.append(part.data.dtype)
        n_large += part.nbytes > _MAX_BLOCK
    dtype = np.result_type(*dtypes)
    if n_large and n_parts <= _MAX_OPEN:
        parts = [in_single_images(open_part(number).data) for number in range(n_parts)]
        data = dask_array().concatenate(parts)
    else:
        data = _in_part_blocks(read_part, lengths, first.data.shape[1:], dtype)
    return _described(first, data.astype(dtype), tuple(names))


def _check_alike(part: ImageStack, first: ImageStack) -> None:
    if part.size != first.size:
        raise ValueError(
            f"the images differ in size: {first.names[0]} is {_size(first)} and "
            f"{part.names[0]} is {_size(part)} pixels; open those of one size "
            f"together, or crop them to the smaller size first"
        )
    if part.n_channels != first.n_channels:
        raise ValueError(
            f"the images differ in channels: {first.names[0]} has {first.n_channels} "
            f"and {part.names[0]} has {part.n_channels}; open those alike together"
        )


def _size(stack: ImageStack) -> str:
    return "x".join(map(str, stack.size))


def _in_part_blocks(
    read_part: Callable[[int], np.ndarray[Any, Any]],
    lengths: Sequence[int],
    image_shape: tuple[int, ...],
    dtype: np.dtype[Any],
) -> Any:
    """Make a dask array with one block per part."""

    def read(block_id: tuple[int, ...]) -> np.ndarray[Any, Any]:
        return read_part(block_id[0]).astype(dtype, copy=False)

    return in_blocks(read, (tuple(lengths), *((k,) for k in image_shape)), dtype)


def _described(first: ImageStack, data: Any, names: tuple[str, ...]) -> ImageStack:
    """Give the joined stack the scale, units and channels of its first part."""
    axes = "NCYX" if "C" in first.axes else "NYX"
    n_images, n_channels, height, width = data.shape
    lengths = {"N": n_images, "C": n_channels, "Y": height, "X": width}
    scale = dict(zip(first.axes, first.scale, strict=True))
    units = dict(zip(first.axes, first.units, strict=True))
    # Parts may be stacks themselves: their N, T or Z is not the step from one to
    # the next of the whole.
    return replace(
        first,
        data=data,
        axes=axes,
        shape=tuple(lengths[letter] for letter in axes),
        scale=tuple(scale[k] if k in "CYX" else 1.0 for k in axes),
        units=tuple(units[k] if k in "CYX" else "pixel" for k in axes),
        names=names,
    )
