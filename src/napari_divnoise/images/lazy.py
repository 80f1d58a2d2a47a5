"""The one door to dask, which takes half a second to import and carries no types."""

from __future__ import annotations

from typing import Any

import numpy as np


def dask_array() -> Any:
    """Return the module `dask.array`, imported only when something is lazy."""
    import dask.array

    return dask.array


def in_single_images(array: Any) -> Any:
    """Return an array ``(N, C, Y, X)`` as a dask array with a block per image."""
    da = dask_array()
    if isinstance(array, da.Array):
        return array
    return da.from_array(array, (1, 1, -1, -1), name=False)


def in_blocks(read: Any, chunks: tuple[tuple[int, ...], ...], dtype: Any) -> Any:
    """Return a dask array whose blocks ``read(block_id)`` reads.

    It is one layer of the graph however many blocks there are, so that indexing
    ten thousand files takes no longer than indexing ten.
    """
    dtype = np.dtype(dtype)
    meta = np.empty((0,) * len(chunks), dtype)
    return dask_array().map_blocks(read, chunks=chunks, dtype=dtype, meta=meta)
