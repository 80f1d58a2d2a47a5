"""The scenes as layers, for napari's File > Open Sample."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from .optics import PIXEL_UM
from .scene import SyntheticScene, make_cells, make_membranes

LayerData: TypeAlias = tuple[npt.NDArray[Any], dict[str, Any], str]


def synthetic_cells() -> list[LayerData]:
    """Return noisy nuclei and, hidden, their truth, as layer data tuples."""
    return _layers(make_cells(), "synthetic cells")


def synthetic_membranes() -> list[LayerData]:
    """Return noisy membranes and, hidden, their truth, as layer data tuples."""
    return _layers(make_membranes(), "synthetic membranes")


def synthetic_calibration() -> list[LayerData]:
    """Return 64 exposures of one still scene, to measure the camera's noise with.

    The camera is that of `synthetic_cells` and `synthetic_membranes`.
    """
    scene = make_cells(size=256)
    frames = scene.expose(64, seed=1)
    kwargs = _kwargs(scene, "calibration") | {
        "name": "synthetic calibration",
        "scale": (1.0, PIXEL_UM, PIXEL_UM),
        "units": ("pixel", "um", "um"),
        "axis_labels": ("t", "y", "x"),
    }
    return [(frames, kwargs, "image")]


def _layers(scene: SyntheticScene, name: str) -> list[LayerData]:
    """Return the first field: its observation, which is seen, and its hidden truth."""
    noisy = _kwargs(scene, "observation") | {"name": name}
    truth = _kwargs(scene, "truth") | {"name": f"{name} · truth", "visible": False}
    return [
        (scene.observation[0], noisy, "image"),
        (scene.truth[0], truth, "image"),
    ]


def _kwargs(scene: SyntheticScene, role: str) -> dict[str, Any]:
    """Return what the layers of a scene have in common."""
    camera = {
        "gain": scene.gain,
        "read_noise": scene.read_noise,
        "offset": scene.offset,
    }
    brightest = float(np.percentile(scene.truth[0], 99.8))
    return {
        "scale": (PIXEL_UM, PIXEL_UM),
        "units": ("um", "um"),
        "axis_labels": ("y", "x"),
        "colormap": "gray",
        "contrast_limits": (scene.offset, brightest),
        "metadata": {"divnoise": {"synthetic": True, "role": role, **camera}},
        "rgb": False,
    }
