"""Counted pairs in `.npz` files: what one program measured, another may fit."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .joint import JointHistogram
from .whole_files import write_arrays

if TYPE_CHECKING:
    import os

_NAMES = tuple(field.name for field in fields(JointHistogram))
_CELLS = ("count", "residual", "signal", "stratum")


def save_pairs(pairs: JointHistogram, path: str | os.PathLike[str]) -> Path:
    """Write counted pairs to an `.npz` file, whole or not at all.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    target = Path(path).expanduser()
    arrays = {name: np.asarray(getattr(pairs, name)) for name in _NAMES}
    write_arrays(arrays, target)
    return target


def load_pairs(path: str | os.PathLike[str]) -> JointHistogram:
    """Read what `save_pairs` wrote; nothing in the file can run code.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file holds something else, or is damaged.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"there are no counted pairs at {file}: fit again")
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
            values = {name: arrays[name] for name in arrays.files if name in _NAMES}
        return JointHistogram(**{name: _value(name, values) for name in _NAMES})
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError) as error:
        raise ValueError(
            f"{file} is damaged, or holds no counted pairs ({error}): fit again"
        ) from error


def _value(name: str, values: dict[str, Any]) -> Any:
    array = values[name]
    if name in _CELLS:
        return array
    return tuple(array.tolist()) if array.ndim else array.item()
