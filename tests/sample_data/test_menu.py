from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from napari_divnoise import sample_data

# Made once: no test writes into the layers.
load = cache(lambda name: getattr(sample_data, name)())
NAMES = ["synthetic_cells", "synthetic_membranes"]


@pytest.mark.parametrize("name", NAMES)
def test_the_observation_comes_first_and_the_truth_is_hidden(name: str) -> None:
    (noisy, shown, kind), (truth, hidden, _) = load(name)
    assert kind == "image"
    assert noisy.shape == truth.shape == (512, 512)
    assert noisy.dtype == np.uint16
    assert shown.get("visible", True)
    assert not hidden["visible"]
    assert hidden["name"] == f"{shown['name']} · truth"
    for kwargs in (shown, hidden):
        assert kwargs["scale"] == (0.2, 0.2)
        assert kwargs["units"] == ("um", "um")
        assert kwargs["axis_labels"] == ("y", "x")
        low, high = kwargs["contrast_limits"]
        assert noisy.min() - 20 < low < high < noisy.max()
    assert shown["metadata"]["divnoise"]["gain"] == 2
    assert hidden["metadata"]["divnoise"]["role"] == "truth"


def test_the_calibration_is_of_the_same_camera_and_scene_like() -> None:
    ((frames, kwargs, _),) = load("synthetic_calibration")
    assert frames.shape == (64, 256, 256)
    assert kwargs["axis_labels"] == ("t", "y", "x")
    camera = kwargs["metadata"]["divnoise"]
    signal = frames.mean(0)
    slope, intercept = np.polyfit(signal.ravel(), frames.var(0, ddof=1).ravel(), 1)
    assert slope == pytest.approx(camera["gain"], rel=0.03)
    expected = camera["read_noise"] ** 2 - camera["gain"] * camera["offset"]
    assert intercept == pytest.approx(expected, rel=0.05)
    noisy = load("synthetic_cells")[0][0]
    assert signal.max() > np.percentile(noisy, 99)


@pytest.mark.parametrize("name", [*NAMES, "synthetic_calibration"])
def test_napari_makes_layers_of_them(name: str) -> None:
    napari_layers = pytest.importorskip("napari.layers")
    for data, kwargs, kind in load(name):
        layer = napari_layers.Layer.create(data, kwargs, kind)
        assert layer.axis_labels == kwargs["axis_labels"]
        assert str(layer.units[-1]) == "micrometer"


def test_opening_a_sample_loads_no_torch() -> None:
    code = (
        "import sys; from napari_divnoise.sample_data import make_cells; "
        "make_cells(size=32); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
