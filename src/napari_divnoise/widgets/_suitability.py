"""What a layer of napari is good for, and if for nothing, why."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qtpy.QtCore import QMimeData


def why_not(layer: Any) -> str:
    """Say why a layer cannot be denoised, or "" if it can."""
    if not is_image(layer):
        return (
            f"A {kind_of(layer)} layer holds no measured intensities: choose an Image "
            "layer."
        )
    if layer.rgb:
        return (
            "A colour picture (RGB) has no single camera: use the raw channels, or "
            "split it (right-click the layer, Split RGB)."
        )
    data = pixels_of(layer)
    if data.dtype.kind == "c":
        return "The values are complex: take their magnitude first."
    if data.dtype.kind not in "uif":
        return f"The values are of type {data.dtype}, not intensities."
    if data.ndim < 2:
        return f"The layer has {data.ndim} dimension: an image needs rows and columns."
    if prod(data.shape) == 0:
        return f"The layer is empty (shape {tuple(data.shape)})."
    return ""


def kind_of(layer: Any) -> str:
    """Return "Image", "Labels", ...: seen through napari's proxy too."""
    return type(getattr(layer, "__wrapped__", layer)).__name__


def is_image(layer: Any) -> bool:
    """Whether a layer is an Image layer (Labels are not)."""
    return kind_of(layer) == "Image"


def pixels_of(layer: Any) -> Any:
    """Return a layer's array; of a multiscale layer, the finest."""
    return layer.data[0] if layer.multiscale else layer.data


def made_here(layer: Any) -> bool:
    """Whether a layer is a result of ours, or the truth of a made-up image."""
    record = layer.metadata.get("divnoise")
    if not isinstance(record, dict):
        return False
    return "kind" in record or record.get("role") == "truth"


def dropped_layers(mime: QMimeData | None) -> list[Any]:
    """Return the layers of a drag that began in napari's layer list.

    napari hands over the layers themselves, in an attribute that it does not
    document: without it, nothing was dropped that we know.
    """
    return [item for item in getattr(mime, "items", None) or () if _is_layer(item)]


def _is_layer(item: Any) -> bool:
    return hasattr(item, "metadata") and hasattr(item, "axis_labels")
