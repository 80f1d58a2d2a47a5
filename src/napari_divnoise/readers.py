"""A model or a noise-model file dropped on napari is loaded, and makes no layer.

Torch is not imported here: the file is handed to the dock, which opens it in a
thread; napari goes on at once.
"""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .session import inbox

if TYPE_CHECKING:
    from collections.abc import Callable

NoLayers = list[tuple[None]]

# What identifies our files and the published noise models among all .npz files.
_NOISE_MODEL_KEYS = (
    frozenset({"kind"}),
    frozenset({"trained_weight", "min_signal", "max_signal", "min_sigma"}),
)


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], NoLayers] | None:
    """Return a reader for ``*.divnoise`` and for files with a noise model.

    Those are ``*.npz``, and ``*.npy`` with a histogram as the published tools have it.

    Parameters
    ----------
    path : str or list of str
        What was dropped or opened.

    Returns
    -------
    callable or None
        ``None`` if any of the files is something else, so that napari asks other
        plugins.
    """
    paths = [path] if isinstance(path, str) else path
    if paths and all(_is_ours(Path(item)) for item in paths):
        return _read
    return None


def _is_ours(path: Path) -> bool:
    if path.suffix == ".divnoise":
        return True
    if path.suffix == ".npy":
        return _holds_histogram(path)
    return path.suffix == ".npz" and _holds_noise_model(path)


def _holds_histogram(path: Path) -> bool:
    """Whether an array is a published histogram: shares, lower and upper edges."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return False
    if array.ndim != 3 or array.shape[0] != 3 or array.shape[1] != array.shape[2]:
        return False
    shares, lower, upper = array[:, :2]
    rising = array[1, :, 0]
    return bool(
        len(rising) > 1
        and (np.diff(rising) > 0).all()
        and np.ptp(lower, axis=1).max() == 0
        and (upper > lower).all()
        and (shares >= 0).all()
    )


def _holds_noise_model(path: Path) -> bool:
    """Look at the names in the archive only: nothing is loaded."""
    try:
        with zipfile.ZipFile(path) as archive:
            keys = {Path(name).stem for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile):
        return False
    return any(needed <= keys for needed in _NOISE_MODEL_KEYS)


def _read(path: str | list[str]) -> NoLayers:
    for item in [path] if isinstance(path, str) else path:
        if not inbox.put(Path(item)):
            # napari shows warnings to the person; there is no dock to do it.
            warnings.warn(
                f"{Path(item).name} is ready: open Plugins > DivNoise to use it",
                stacklevel=2,
            )
    return [(None,)]
