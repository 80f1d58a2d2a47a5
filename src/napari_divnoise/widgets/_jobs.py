"""From what a person chose on the Denoise page to jobs: no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..images import guess_axes
from ..session import Source
from ._opening import Job
from ._regions import VIEW, region_of
from ._suitability import pixels_of

if TYPE_CHECKING:
    from ..session import Session

SLICE = "current slice"


@dataclass(frozen=True, slots=True)
class Settings:
    """How to denoise.

    Attributes
    ----------
    region : str
        "whole image", "current slice" or "current view".
    n_samples, seed : int
        How many samples, and which.
    device : str
        "auto", "cpu", "cuda" or "mps".
    quantiles : tuple of float
        Levels, 0 to 1.
    """

    region: str
    n_samples: int
    seed: int
    device: str
    quantiles: tuple[float, ...] = ()


def jobs_of(
    viewer: Any, session: Session, layers: list[Any], settings: Settings
) -> list[Job]:
    """Return one job for each layer, or one for the session's files.

    Raises
    ------
    RuntimeError
        If the session has no model, or there is nothing to denoise.
    """
    if session.model is None:
        raise RuntimeError("there is no model: train or open one first")
    if layers:
        return [_of_layer(viewer, session, layer, settings) for layer in layers]
    if session.images is None:
        raise RuntimeError("there are no images: choose some first")
    images = session.images
    return [
        Job(
            model=session.model,
            pixels=images,
            axes=images.axes,
            channel=None,
            source=images,
            **_plain(settings),
        )
    ]


def _of_layer(viewer: Any, session: Session, layer: Any, settings: Settings) -> Job:
    pixels, axes = pixels_of(layer), axes_of(session, layer)
    if session.model is None:
        raise RuntimeError("there is no model: train or open one first")
    return Job(
        model=session.model,
        pixels=pixels,
        axes=axes,
        channel=(session.channel or 0) if "C" in axes else None,
        source=Source.of_layer(layer),
        region=region_of(viewer, layer, axes, settings.region),
        planes=_planes(viewer, axes, pixels.shape, settings.region),
        **_plain(settings),
    )


def _plain(settings: Settings) -> dict[str, Any]:
    names = ("n_samples", "seed", "device", "quantiles")
    return {name: getattr(settings, name) for name in names}


def axes_of(session: Session, layer: Any) -> str:
    """Return what the Data page said about a layer, or a guess."""
    shape = pixels_of(layer).shape
    for source in session.sources:
        is_this = source.layer is not None and source.layer() == layer
        if is_this and len(session.axes) == len(shape):
            return session.axes
    return guess_axes(shape, layer.axis_labels)


def _planes(
    viewer: Any, axes: str, shape: tuple[int, ...], region: str
) -> tuple[int, ...]:
    """Return the image that is shown now, first or alone; empty for all."""
    sizes = [n for n, letter in zip(shape, axes, strict=True) if letter not in "CYX"]
    if not sizes:
        return ()
    steps = viewer.dims.current_step[-len(axes) :]
    at = [n for n, letter in zip(steps, axes, strict=True) if letter not in "CYX"]
    current = int(np.ravel_multi_index(at, sizes, mode="clip"))
    if region in (SLICE, VIEW):
        return (current,)
    return (current, *(n for n in range(prod(sizes)) if n != current))
