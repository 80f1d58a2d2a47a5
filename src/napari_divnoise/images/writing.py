"""Results to TIFF files that Fiji, napari and OME readers open at the right scale."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .axes import IMAGE_LETTERS, parse_axes, to_ncyx

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_IMAGEJ_DTYPES = {"uint8", "uint16", "float32"}
_OME_DTYPES = _IMAGEJ_DTYPES | {"int8", "int16", "int32", "uint32", "float64"}
_IMAGEJ_MAX_BYTES = 2**32 - 2**25
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0, "h": 3600.0}


def write_tiff(
    path: str | Path,
    array: Any,
    *,
    axes: str,
    scale: Sequence[float] | None = None,
    units: Sequence[str] | None = None,
) -> None:
    """Write an image as TIFF, whole or not at all, with its scale and units.

    The file appears under its name only once it is complete. ``*.ome.tif`` names,
    more than 4 GB, and types that ImageJ does not know become OME-TIFF, all others
    ImageJ's TIFF.

    Parameters
    ----------
    path : str or Path
        Where to; a file that is there is replaced. Its folder must exist.
    array : numpy or dask array
        Camera units. Lazy arrays are computed image by image.
    axes : str
        As in `parse_axes`. The file's order is T, Z, C, Y, X; axes that count images
        are T or Z in it, all in one T where there are more than two.
    scale : sequence of float, optional
        Step along each axis of the array, in `units`.
    units : sequence of str, optional
        "um", "nm", ..., "s", ...; "pixel" where unknown.

    Raises
    ------
    ValueError
        If axes, scale or units do not fit the array, or TIFF cannot hold its type.
    OSError
        If the file cannot be written, for example because the disk is full.
    """
    letters = parse_axes(axes, array.ndim)
    if array.dtype.name not in _OME_DTYPES:
        raise ValueError(
            f"pixels of type {array.dtype} cannot be written to {Path(path).name}: "
            f"convert them first, for example with array.astype('float32')"
        )
    steps = _steps(letters, scale, units)
    ordered, letters = _in_file_order(array, letters)
    keywords = _keywords(Path(path), ordered, letters, steps)
    with _replacing(Path(path)) as unfinished:
        _write(unfinished, ordered, keywords)


def _steps(
    letters: str, scale: Sequence[float] | None, units: Sequence[str] | None
) -> dict[str, tuple[float, str]]:
    """Step and unit of the axes whose unit is known."""
    scale = [1.0] * len(letters) if scale is None else [float(step) for step in scale]
    units = ["pixel"] * len(letters) if units is None else [str(unit) for unit in units]
    if not len(scale) == len(units) == len(letters):
        raise ValueError(
            f"axes {letters} need {len(letters)} scales and units, got {len(scale)} "
            f"and {len(units)}: give one of each per axis"
        )
    known = zip(letters, scale, units, strict=True)
    return {k: (step, unit) for k, step, unit in known if unit != "pixel" and step > 0}


def _in_file_order(array: Any, letters: str) -> tuple[Any, str]:
    """Bring the array into the order T, Z, C, Y, X; at most these."""
    images = [letter for letter in letters if letter in IMAGE_LETTERS]
    if len(images) > 2:
        return to_ncyx(array, letters), "TCYX"
    free = [letter for letter in "TZ" if letter not in images]
    for letter in images:
        if letter not in "TZ":
            letters = letters.replace(letter, free.pop(0))
    order = [letter for letter in "TZCYX" if letter in letters]
    return array.transpose([letters.index(letter) for letter in order]), "".join(order)


def _keywords(
    path: Path, array: Any, letters: str, steps: dict[str, tuple[float, str]]
) -> dict[str, Any]:
    """Choose the kind of TIFF, and put scale and units in its own words."""
    is_big = prod(array.shape) * array.dtype.itemsize > _IMAGEJ_MAX_BYTES
    wants_ome = path.name.lower().endswith((".ome.tif", ".ome.tiff"))
    if not wants_ome and not is_big and array.dtype.name in _IMAGEJ_DTYPES:
        return {"imagej": True, **_imagej_keywords(letters, steps)}
    metadata = {"axes": letters, **_ome_metadata(steps)}
    return {"ome": True, "bigtiff": is_big, "metadata": metadata}


def _ome_metadata(steps: dict[str, tuple[float, str]]) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    for letter, (step, unit) in steps.items():
        key = "TimeIncrement" if letter == "T" else f"PhysicalSize{letter}"
        if letter in "TZYX":
            metadata[key] = step
            metadata[f"{key}Unit"] = unit.replace("um", "µm").replace("us", "µs")
    return metadata


def _imagej_keywords(
    letters: str, steps: dict[str, tuple[float, str]]
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"axes": letters}
    keywords: dict[str, Any] = {"metadata": metadata}
    if "X" in steps and "Y" in steps:
        metadata["unit"] = steps["X"][1]
        keywords["resolution"] = tuple(1 / steps[letter][0] for letter in "XY")
    if "Z" in steps and steps["Z"][1] == metadata.get("unit"):
        metadata["spacing"] = steps["Z"][0]
    if "T" in steps and steps["T"][1] in _SECONDS:
        metadata["finterval"] = steps["T"][0] * _SECONDS[steps["T"][1]]
    return keywords


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a name to write to; it becomes `path` only if all went well."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        # numpy says "4096 requested and 662 written", and no reason.
        if " requested and " not in str(error):
            raise
        code = errno.ENOSPC
        raise OSError(code, os.strerror(code), str(path)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _write(path: Path, array: Any, keywords: dict[str, Any]) -> None:
    import tifffile

    if isinstance(array, np.ndarray):
        tifffile.imwrite(path, array, photometric="minisblack", **keywords)
        return
    planes = (np.asarray(array[index]) for index in np.ndindex(*array.shape[:-2]))
    tifffile.imwrite(
        path,
        planes,
        shape=array.shape,
        dtype=array.dtype,
        photometric="minisblack",
        **keywords,
    )
