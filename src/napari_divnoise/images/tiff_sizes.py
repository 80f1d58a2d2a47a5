"""Pixel sizes, intervals and channel names that a TIFF file carries."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from .units import known_unit

if TYPE_CHECKING:
    from tifffile import TiffFile

_CENTIMETER = 3


def tiff_sizes(tif: TiffFile) -> dict[str, tuple[float, str]]:
    """Return step and unit of the axes X, Y, Z and T, where the file knows them.

    OME metadata is asked first, then ImageJ's, then the resolution tags, which
    are believed only in centimetres: in inches they are a printer's default.
    """
    if tif.is_ome and tif.ome_metadata:
        return _ome_sizes(tif.ome_metadata)
    if tif.is_imagej and tif.imagej_metadata:
        return _imagej_sizes(tif, tif.imagej_metadata)
    tag = tif.pages.first.tags.get("ResolutionUnit")
    if tag is None or int(tag.value) != _CENTIMETER:
        return {}
    in_cm = {letter: _step(tif, letter) for letter in "XY"}
    return {letter: (1e4 * step, "um") for letter, step in in_cm.items() if step}


def tiff_channel_names(tif: TiffFile) -> tuple[str, ...]:
    """Return the names of the channels from OME or ImageJ metadata, or nothing."""
    if tif.is_ome and tif.ome_metadata:
        channels = _pixels(tif.ome_metadata).findall("{*}Channel")
        names = tuple(channel.get("Name", "") for channel in channels)
        return names if all(names) else ()
    return ()


def _pixels(xml: str) -> ElementTree.Element:
    """Find the element Pixels of the first image; an empty one if there is none."""
    try:
        found = ElementTree.fromstring(xml).find(".//{*}Pixels")
    except ElementTree.ParseError:
        found = None
    return ElementTree.Element("Pixels") if found is None else found


def _ome_sizes(xml: str) -> dict[str, tuple[float, str]]:
    pixels = _pixels(xml)
    keys = {letter: (f"PhysicalSize{letter}", "um") for letter in "XYZ"}
    keys["T"] = ("TimeIncrement", "s")
    sizes = {}
    for letter, (key, default_unit) in keys.items():
        step = _positive(pixels.get(key))
        if step:
            sizes[letter] = (step, known_unit(pixels.get(f"{key}Unit", default_unit)))
    return sizes


def _imagej_sizes(
    tif: TiffFile, metadata: dict[str, Any]
) -> dict[str, tuple[float, str]]:
    unit = known_unit(str(metadata.get("unit", "")))
    steps = {letter: _step(tif, letter) for letter in "XY"}
    steps["Z"] = _positive(metadata.get("spacing"))
    sizes = {letter: (step, unit) for letter, step in steps.items() if step}
    interval = _positive(metadata.get("finterval"))
    if interval:
        sizes["T"] = (interval, "s")
    return sizes if unit != "pixel" else {k: v for k, v in sizes.items() if k == "T"}


def _step(tif: TiffFile, letter: str) -> float:
    """Units per pixel from the tag XResolution or YResolution; 0.0 if unknown."""
    tag = tif.pages.first.tags.get(f"{letter}Resolution")
    if tag is None:
        return 0.0
    pixels, units = tag.value
    return _positive(units / pixels if pixels else 0.0)


def _positive(value: Any) -> float:
    """`value` as a number above 0; 0.0 for anything else."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number if isfinite(number) and number > 0 else 0.0
