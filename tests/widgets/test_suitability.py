"""Why a layer cannot be denoised, in a sentence; and whose layer it is."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Image, Labels, Layer, Points

from napari_divnoise.sample_data import synthetic_cells
from napari_divnoise.widgets._suitability import (
    dropped_layers,
    made_here,
    pixels_of,
    why_not,
)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Labels(np.zeros((64, 64), int)), "Labels layer holds no measured"),
        (Points(np.zeros((3, 2))), "Points layer holds no measured"),
        (Image(np.zeros((64, 64, 3), np.uint8), rgb=True), "RGB"),
        (Image(np.zeros((64, 64), bool)), "bool"),
    ],
    ids=["labels", "points", "rgb", "bool"],
)
def test_what_is_no_noisy_image_is_told_so(layer: Layer, words: str) -> None:
    assert words in why_not(layer)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.ones((64, 64), complex), "complex"),
        (np.ones((0, 64)), "empty"),
        (np.ones(64), "1 dimension"),
    ],
)
def test_what_napari_cannot_show_is_refused_all_the_same(
    pixels: np.ndarray, words: str
) -> None:
    facts = {"rgb": False, "multiscale": False, "data": pixels}
    assert words in why_not(type("Image", (), facts)())


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64"])
def test_measured_intensities_of_any_type_will_do(dtype: str) -> None:
    assert why_not(Image(np.ones((3, 64, 64), dtype))) == ""


def test_the_finest_of_a_multiscale_layer_counts() -> None:
    fine, coarse = np.ones((64, 64)), np.ones((32, 32))
    assert pixels_of(Image([fine, coarse], multiscale=True)).shape == (64, 64)


def test_results_and_truth_are_made_here_and_noisy_samples_are_not() -> None:
    noisy, truth = (Layer.create(*data) for data in synthetic_cells())
    assert not made_here(noisy)
    assert made_here(truth)
    record = {"divnoise": {"kind": "mean"}}
    assert made_here(Image(np.ones((8, 8)), metadata=record))


def test_only_layers_are_dropped() -> None:
    layer = Image(np.ones((8, 8)))
    assert dropped_layers(SimpleNamespace(items=[layer, "text"])) == [layer]
    assert dropped_layers(SimpleNamespace()) == []
    assert dropped_layers(None) == []
