"""OME-Zarr folders (0.4 and 0.5) and plain zarr arrays, at full resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .lazy import dask_array
from .raw import RawImage
from .units import known_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_MARKS = ("zarr.json", ".zgroup", ".zarray", ".zattrs")


def is_zarr(path: Path) -> bool:
    """Whether a folder is a zarr array or group, by the files in it."""
    return path.is_dir() and any((path / mark).is_file() for mark in _MARKS)


def open_zarr(path: Path) -> RawImage:
    """Open the full-resolution image of an OME-Zarr folder as a dask array.

    Raises
    ------
    ValueError
        If there is no image here: a plate, a collection, a damaged folder.
    """
    import zarr

    try:
        node: Any = zarr.open(path, mode="r")
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(
            f"{path.name} is not a readable zarr folder ({error}): copy it again"
        ) from error
    if isinstance(node, zarr.Array):
        return RawImage(dask_array().from_zarr(node))
    attributes: dict[str, Any] = dict(node.attrs)
    # Version 0.5 moved everything under the key "ome".
    ome = attributes.get("ome", attributes)
    try:
        image = ome["multiscales"][0]
        level = image["datasets"][0]
        array = node[level["path"]]
    except (KeyError, IndexError, TypeError) as error:
        raise _no_image(path, sorted(node.keys())) from error
    names = _axis_names(image, array.ndim)
    return RawImage(
        dask_array().from_zarr(array),
        "".join(name[:1].upper() for name in names),
        _sizes(image, level, names),
        _channel_names(ome),
    )


def _no_image(path: Path, members: Sequence[str]) -> ValueError:
    listed = ", ".join(members[:5])
    way_out = f"give the path of one image inside: {listed}" if members else "copy it"
    return ValueError(
        f"{path.name} names no image (no usable 'multiscales' in its metadata): "
        f"{way_out}{'' if members else ' again, it is empty'}"
    )


def _axis_names(image: Mapping[str, Any], n_axes: int) -> list[str]:
    """Names of the axes; versions before 0.4 list words, or mean t, c, z, y, x."""
    axes = image.get("axes") or "tczyx"[-n_axes:]
    return [axis if isinstance(axis, str) else str(axis["name"]) for axis in axes]


def _sizes(
    image: Mapping[str, Any], level: Mapping[str, Any], names: Sequence[str]
) -> dict[str, tuple[float, str]]:
    """Step and unit per axis: the scales of the level and of the image, multiplied."""
    steps = [1.0] * len(names)
    for part in (level, image):
        for transform in part.get("coordinateTransformations", ()):
            scale = transform.get("scale", ()) if isinstance(transform, dict) else ()
            if len(scale) == len(steps):
                steps = [a * float(b) for a, b in zip(steps, scale, strict=True)]
    axes = image.get("axes") or [{}] * len(names)
    units = [axis.get("unit") if isinstance(axis, dict) else None for axis in axes]
    return {
        name[:1].upper(): (step, known_unit(unit))
        for name, step, unit in zip(names, steps, units, strict=True)
        if step > 0
    }


def _channel_names(ome: Mapping[str, Any]) -> tuple[str, ...]:
    """Labels of the channels, where all have one."""
    channels = ome.get("omero", {}).get("channels", ())
    names = tuple(str(channel.get("label", "")) for channel in channels)
    return names if all(names) else ()
