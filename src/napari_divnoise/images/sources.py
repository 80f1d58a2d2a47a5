"""From what a person names to single images: files in order, each with its opener."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .ome_zarr import is_zarr, open_zarr
from .png import open_png
from .tiff import open_tiff

if TYPE_CHECKING:
    from .raw import RawImage

_OPENERS = {".tif": open_tiff, ".tiff": open_tiff, ".png": open_png}


def source_items(source: Any) -> list[Any]:
    """List the paths of single images, and the arrays, that `source` stands for.

    Parameters
    ----------
    source : array, str, Path or list of these
        As for `open_images`.

    Returns
    -------
    list of Path or array
        At least one; the files of a folder or pattern sorted, 2 before 10.

    Raises
    ------
    FileNotFoundError
        If nothing is at a path.
    TypeError
        If `source` is no image.
    ValueError
        If a list is empty.
    """
    if isinstance(source, str | Path):
        return _paths(source)
    if isinstance(source, list | tuple):
        items = [item for part in source for item in source_items(part)]
        if not items:
            raise ValueError("the list of images is empty: give at least one")
        return items
    if isinstance(getattr(source, "dtype", None), np.dtype):
        return [source]
    raise TypeError(
        f"images cannot be opened from {type(source).__name__}: give a path, an "
        f"array (numpy, dask or zarr), or a list of them"
    )


def _paths(source: str | Path) -> list[Path]:
    """Files that a path, a folder or a pattern stands for, 2 before 10."""
    path = Path(source).expanduser()
    if path.is_dir() and not is_zarr(path):
        found = [inner for inner in path.iterdir() if _is_image(inner)]
        wanted = f"no images in the folder {path}"
    elif path.exists():
        return [path]
    else:
        matching = map(Path, glob.glob(str(path), recursive=True))
        found = [match for match in matching if _is_image(match)]
        wanted = f"no images at {path}"
    if not found:
        raise FileNotFoundError(
            f"{wanted}: give a file or folder of {', '.join(_OPENERS)} or OME-Zarr "
            f"images, or a pattern such as 'folder/*.tif'"
        )
    return sorted(found, key=_natural)


def _is_image(path: Path) -> bool:
    if path.name.startswith("."):
        return False
    return is_zarr(path) or (path.is_file() and path.suffix.lower() in _OPENERS)


def _natural(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", str(path).lower())
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def open_path(path: Path) -> RawImage:
    """Open one image file or zarr folder with the reader of its kind.

    Raises
    ------
    ValueError
        If the kind is not known, or the file is damaged.
    OSError
        If the file cannot be opened.
    """
    if is_zarr(path):
        return open_zarr(path)
    opener = _OPENERS.get(path.suffix.lower())
    if opener is None:
        raise ValueError(
            f"{path.name} is of a kind that cannot be opened: save it as TIFF, PNG or "
            f"OME-Zarr ({', '.join(_OPENERS)}, .zarr)"
        )
    try:
        return opener(path)
    except (ValueError, OSError):
        raise
    except Exception as error:  # damaged files surface in the parsers as anything
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> ValueError:
    """Return the error for a file that a decoder gave up on."""
    way_out = "copy or export it again"
    if "imagecodecs" in str(error):
        way_out = "install its decoder with: pip install imagecodecs"
    return ValueError(f"{path.name} cannot be read ({error}): {way_out}")
