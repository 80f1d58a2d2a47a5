"""Arrays into files, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt


def write_arrays(arrays: Mapping[str, npt.NDArray[Any]], target: Path) -> None:
    """Write named arrays to an `.npz` file that is there at once when complete.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    write_whole(lambda file: np.savez(file, allow_pickle=False, **arrays), target)


def write_whole(write: Callable[[IO[bytes]], None], target: Path) -> None:
    """Call `write` with a file that takes the place of `target` when it is complete.

    Raises
    ------
    OSError
        If it cannot be written: with the path, the reason and the way out.
    """
    try:
        _write(write, target)
    except OSError as error:
        raise OSError(
            f"cannot write {target} ({error.strerror or error}): choose a folder that "
            f"is there, has room and may be written to"
        ) from error


def _write(write: Callable[[IO[bytes]], None], target: Path) -> None:
    handle, name = tempfile.mkstemp(suffix=".part", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
