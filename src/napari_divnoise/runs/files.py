"""Files that are there whole or not at all, and sentences for a disk that says no."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

HASHED_BYTES = 1 << 28
"""How much of the pixels goes into a hash of the data: 256 MiB, spread evenly."""

_TRIES = 5


class StorageError(OSError):
    """The disk refused: what was to be written, why, and how to go on.

    Its `errno` is `errno.ENOSPC` where there is no space left.
    """


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new one.

    The bytes go to a temporary name beside `path`, down to the disk, and are then
    renamed. A crash, a full disk or a power cut leaves the old file intact.

    Parameters
    ----------
    path : Path
        The file to write; its folder must exist.
    data : bytes
        All of it.

    Raises
    ------
    StorageError
        If the disk is full, read-only or gone.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        rename(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise explain(error, path) from error


def write_pixels(path: Path, pixels: Any) -> None:
    """Write an array to a ``.npy`` file, plane by plane, whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    pixels : array-like of shape (..., Y, X)
        Anything with ``shape`` and ``dtype`` that is indexed like numpy: lazy arrays
        are never computed whole.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    partial = path.with_name(f"{path.name}.partial")
    heading = np.lib.format.header_data_from_array_1_0(
        np.empty(0, dtype=np.dtype(pixels.dtype))
    ) | {"shape": tuple(int(length) for length in pixels.shape)}
    try:
        with partial.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, heading)
            for index in np.ndindex(*pixels.shape[:-2]):
                file.write(np.ascontiguousarray(pixels[index]).data)
        rename(partial, path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise explain(error, path) from error


def reserve(path: Path, n_bytes: int) -> None:
    """Make a file of `n_bytes` zeros that has its place on the disk.

    A memory map of a file that has not kills the process once the disk is full.

    Raises
    ------
    StorageError
        If there is no room.
    """
    try:
        with path.open("wb") as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, n_bytes)
            else:
                file.truncate(n_bytes)
    except OSError as error:
        raise explain(error, path) from error


def rename(source: Path, target: Path) -> None:
    """Put `source` in the place of `target` in one step.

    Windows refuses for as long as another program reads the target; that passes.
    """
    for _ in range(_TRIES - 1):
        try:
            source.replace(target)
        except PermissionError:
            time.sleep(0.1)
        else:
            return
    source.replace(target)


def explain(error: OSError, path: Path) -> StorageError:
    """Say in one sentence what the disk refused, and what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        full = StorageError(
            f"no space left to write {path}: everything that was saved before is "
            "intact; free some space, then go on with --resume (resume=True)"
        )
        full.errno = errno.ENOSPC
        return full
    reason = error.strerror or str(error)
    return StorageError(
        f"cannot write {path} ({reason}): choose a folder you may write to"
    )


def data_hash(pixels: Any) -> str:
    """Fingerprint of a stack of images: shape, type and pixels.

    Parameters
    ----------
    pixels : array-like of shape (N, Y, X)
        Anything with ``shape`` and ``dtype`` that gives a plane for ``pixels[n]``.

    Returns
    -------
    str
        The first 16 hexadecimal digits of a SHA-256. Beyond `HASHED_BYTES` only
        planes at even distances are read, so that a stack of 20 GB takes a second.
    """
    n_images = int(pixels.shape[0])
    plane_bytes = max(1, int(np.prod(pixels.shape[1:])) * pixels.dtype.itemsize)
    n_planes = min(n_images, max(1, HASHED_BYTES // plane_bytes))
    digest = hashlib.sha256(f"{tuple(pixels.shape)} {pixels.dtype.str}".encode())
    for n in np.linspace(0, n_images - 1, n_planes).round().astype(int):
        digest.update(np.ascontiguousarray(pixels[int(n)]).data)
    return digest.hexdigest()[:16]


def arrays_hash(arrays: dict[str, NDArray[Any]]) -> str:
    """Fingerprint of named arrays, for the weights of a network or a noise model."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.shape} {array.dtype.str}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]
