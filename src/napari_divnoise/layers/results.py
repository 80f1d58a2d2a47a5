"""Results as layer data tuples: plain tuples, so that napari is not needed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .placement import keep_axes, lead_axis, shift_origin, source_kwargs
from .records import source_name

if TYPE_CHECKING:
    from collections.abc import Mapping

LayerData: TypeAlias = tuple[Any, dict[str, Any], str]
Limits: TypeAlias = tuple[float, float]

# Contrast limits are found on about so many pixels of a large result.
LOOKED_AT = 2**20


def mmse_layer(
    array: Any,
    source: object | None,
    record: Mapping[str, Any],
    *,
    without: int | None = None,
) -> LayerData:
    """Return ``<source> · mean``: grey, with the contrast limits of its source."""
    return _over(array, source, record, "mean", without)


def quantile_layer(
    array: Any,
    source: object | None,
    record: Mapping[str, Any],
    *,
    level: float,
    without: int | None = None,
) -> LayerData:
    """Return ``<source> · 5 % quantile`` for a `level` of 0.05, grey as the source."""
    title = f"{100 * level:g} % quantile"
    return _over(array, source, {**record, "level": level}, title, without)


def std_layer(
    array: Any,
    source: object | None,
    record: Mapping[str, Any],
    *,
    without: int | None = None,
) -> LayerData:
    """Return ``<source> · std``: magma, from 0 to the 99.8th percentile.

    ``metadata["divnoise"]["colorbar"]`` asks for a colour bar, which is no keyword of
    a layer: set ``layer.colorbar.visible`` once the layer exists.
    """
    record = {**record, "colorbar": True}
    data, kwargs, kind = _over(array, source, record, "std", without)
    top = _percentiles(array, (99.8,))[0]
    limits = (0.0, top if top > 0 else 1.0)
    return data, kwargs | {"colormap": "magma", "contrast_limits": limits}, kind


def samples_layer(
    stack: Any,
    source: object | None,
    contrast_limits: Limits,
    record: Mapping[str, Any],
    *,
    without: int | None = None,
) -> LayerData:
    """Return ``<source> · samples``: axis `sample`, then those of the source.

    Parameters
    ----------
    stack : array-like, shape (S, *source)
        May be lazy: nothing of it is computed here.
    source : layer, ImageStack or None
        The image that was denoised.
    contrast_limits : tuple of float
        Always given, as napari would compute samples to find them.
    record : mapping
        Of `layer_record`.
    without : int, optional
        As in `source_kwargs`.
    """
    placed = source_kwargs(source, ndim=stack.ndim - 1, without=without)
    kwargs = lead_axis(placed, "sample")
    _check_axes(stack, kwargs)
    kwargs |= _look(
        f"{source_name(source)} · samples", contrast_limits, record, "samples"
    )
    # Thick slices along `sample` then show the mean of the samples in the slice.
    return stack, kwargs | {"projection_mode": "mean"}, "image"


def preview_layer(
    stack: Any,
    source_name: str,
    *,
    source: object | None = None,
    corner: tuple[int, int] = (0, 0),
    contrast_limits: Limits | None = None,
    record: Mapping[str, Any] | None = None,
) -> LayerData:
    """Return a training preview: axes `epoch`, `view`, `y`, `x`, one picture each.

    Parameters
    ----------
    stack : array-like, shape (epochs, views, Y, X)
        The views are the observation, the mean and two samples, in camera units.
    source_name : str
        What the preview is of, a run or an image.
    source : layer, ImageStack or None
        The image that the region was cut from; its last two axes count.
    corner : tuple of int
        Row and column of the region's first pixel in the source.
    contrast_limits : tuple of float, optional
        By default those of the source or, without one, of the stack.
    record : mapping, optional
        Of `layer_record`.
    """
    placed = source_kwargs(source)
    ndim = len(placed["scale"])
    plane = shift_origin(keep_axes(placed, [ndim - 2, ndim - 1]), corner)
    kwargs = lead_axis(lead_axis(plane, "view"), "epoch")
    _check_axes(stack, kwargs)
    limits = contrast_limits or _limits_of(source) or _limits_in(stack)
    name = f"preview \N{EN DASH} {source_name}"
    return stack, kwargs | _look(name, limits, record or {}, "preview"), "image"


def _over(
    array: Any,
    source: object | None,
    record: Mapping[str, Any],
    title: str,
    without: int | None,
) -> LayerData:
    """Return a layer in the shape and place of its source."""
    kwargs = source_kwargs(source, ndim=array.ndim, without=without)
    _check_axes(array, kwargs)
    limits = _limits_of(source) or _limits_in(array)
    look = _look(f"{source_name(source)} · {title}", limits, record, title)
    return array, kwargs | look, "image"


def _look(
    name: str, limits: Limits, record: Mapping[str, Any], kind: str
) -> dict[str, Any]:
    """Return what all our layers say about themselves."""
    return {
        "name": name,
        "colormap": "gray",
        "contrast_limits": (float(limits[0]), float(limits[1])),
        "metadata": {"divnoise": {**record, "kind": kind}},
        "rgb": False,
        "multiscale": False,
    }


def _check_axes(array: Any, kwargs: Mapping[str, Any]) -> None:
    """Raise ValueError if a result has not as many axes as its place."""
    labels = kwargs["axis_labels"]
    if array.ndim != len(labels):
        raise ValueError(
            f"a result of shape {tuple(array.shape)} does not fit the axes {labels}: "
            "say with `without` which axis of the source it does not have"
        )


def _limits_of(source: object | None) -> Limits | None:
    """Return the contrast limits of a layer, None if the source has none."""
    limits = getattr(source, "contrast_limits", None)
    return None if limits is None else (float(limits[0]), float(limits[1]))


def _limits_in(array: Any) -> Limits:
    """Return limits that leave out one pixel in a thousand at either end."""
    low, high = _percentiles(array, (0.1, 99.9))
    return (low, high) if low < high else (low, low + 1)


def _percentiles(array: Any, levels: tuple[float, ...]) -> list[float]:
    """Return percentiles of the finite pixels, 0 if there is none."""
    step = max(1, round((array.size / LOOKED_AT) ** (1 / array.ndim)))
    values = np.asarray(array[(slice(None, None, step),) * array.ndim], np.float32)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return [0.0] * len(levels)
    return [float(value) for value in np.percentile(values, levels)]
