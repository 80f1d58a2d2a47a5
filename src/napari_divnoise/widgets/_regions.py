"""Which part of an image: all of it, what the window shows, or a drawn shape."""

from __future__ import annotations

from typing import Any

import numpy as np

WHOLE = "whole image"
VIEW = "current view"
_SHAPES = "shapes: "


def region_choices(viewer: Any) -> list[str]:
    """Return the words for every region that can be chosen now."""
    shapes = [
        f"{_SHAPES}{layer.name}"
        for layer in viewer.layers
        if hasattr(layer, "shape_type") and len(layer.data) > 0
    ]
    return [WHOLE, VIEW, *shapes]


def region_of(
    viewer: Any, layer: Any, axes: str, choice: str
) -> tuple[slice, slice] | None:
    """Return the rows and columns of `layer` that a choice means.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose view or shapes.
    layer : napari.layers.Image
        Whose pixels are meant.
    axes : str
        One letter per dimension of the layer.
    choice : str
        One of `region_choices`.

    Returns
    -------
    tuple of slice or None
        ``None`` for the whole image.
    """
    if choice == VIEW:
        corners = np.asarray(layer.corner_pixels, dtype=float)
        # corner_pixels names the last pixel, a slice the one after it
        return _slices(corners[0], corners[1] + 1, layer, axes)
    if choice.startswith(_SHAPES):
        name = choice.removeprefix(_SHAPES)
        return _bounding_box(viewer.layers[name], layer, axes)
    return None


def _bounding_box(shapes: Any, layer: Any, axes: str) -> tuple[slice, slice]:
    """Return the box around every shape, in pixels of `layer`."""
    points = np.concatenate([np.asarray(shape) for shape in shapes.data])
    world = [shapes.data_to_world(point) for point in points]
    inside = np.array([_to_data(layer, point) for point in world])
    return _slices(inside.min(axis=0), inside.max(axis=0), layer, axes)


def _to_data(layer: Any, world: tuple[float, ...]) -> np.ndarray[Any, Any]:
    """World to data; a shape drawn in 2-D has only the last coordinates."""
    full = np.zeros(layer.ndim)
    n_known = min(len(world), layer.ndim)
    full[layer.ndim - n_known :] = world[len(world) - n_known :]
    return np.asarray(layer.world_to_data(full))


def _slices(
    low: np.ndarray[Any, Any], high: np.ndarray[Any, Any], layer: Any, axes: str
) -> tuple[slice, slice]:
    """Return whole pixels between two corners, cut at the image's edge."""
    shape = layer.data[0].shape if layer.multiscale else layer.data.shape
    rows, columns = axes.index("Y"), axes.index("X")
    return tuple(  # type: ignore[return-value]
        slice(
            int(np.clip(np.floor(low[axis]), 0, shape[axis])),
            int(np.clip(np.ceil(high[axis]), 0, shape[axis])),
        )
        for axis in (rows, columns)
    )
