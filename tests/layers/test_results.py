from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from napari_divnoise.layers import (
    mmse_layer,
    preview_layer,
    quantile_layer,
    samples_layer,
    std_layer,
)

SOURCE = SimpleNamespace(
    name="cells",
    scale=(0.2, 0.2),
    units=("um", "um"),
    axis_labels=("y", "x"),
    contrast_limits=[90, 240],
)
RECORD = {"seed": 7, "n": 100}


class _Untouched:
    """A lazy stack that fails the test as soon as a pixel is asked for."""

    shape, ndim, dtype = (1000, 64, 64), 3, np.dtype("float32")

    def __getitem__(self, index: object) -> np.ndarray:
        pytest.fail(f"pixels {index} were computed")


def _picture() -> np.ndarray:
    return np.random.default_rng(0).gamma(3, 40, (64, 64)).astype(np.float32)


def test_the_names_are_those_that_are_documented() -> None:
    picture = _picture()
    layers = [
        mmse_layer(picture, SOURCE, RECORD),
        std_layer(picture, SOURCE, RECORD),
        quantile_layer(picture, SOURCE, RECORD, level=0.05),
        quantile_layer(picture, SOURCE, RECORD, level=0.975),
        samples_layer(picture[None], SOURCE, (0, 1), RECORD),
        preview_layer(picture[None, None], "run 3"),
    ]
    assert [kwargs["name"] for _, kwargs, _ in layers] == [
        "cells · mean",
        "cells · std",
        "cells · 5 % quantile",
        "cells · 97.5 % quantile",
        "cells · samples",
        "preview \N{EN DASH} run 3",
    ]
    assert {kind for _, _, kind in layers} == {"image"}
    for _, kwargs, _ in layers:
        for key in ("scale", "units", "axis_labels", "contrast_limits", "metadata"):
            assert key in kwargs


def test_the_mean_is_seen_with_the_contrast_of_its_source() -> None:
    picture = _picture()
    data, kwargs, _ = mmse_layer(picture, SOURCE, RECORD)
    assert data is picture
    assert kwargs["contrast_limits"] == (90, 240)
    assert kwargs["colormap"] == "gray"


def test_a_file_has_no_contrast_so_the_pixels_say() -> None:
    picture = _picture()
    picture[0, 0] = np.nan
    _, kwargs, _ = mmse_layer(picture, None, RECORD)
    low, high = kwargs["contrast_limits"]
    expected = np.nanpercentile(picture, [0.1, 99.9])
    assert (low, high) == pytest.approx(tuple(expected))
    assert kwargs["name"] == "image · mean"
    _, kwargs, _ = mmse_layer(np.full((8, 8), 5.0), None, RECORD)
    assert kwargs["contrast_limits"] == (5, 6)


def test_the_spread_starts_at_zero_and_asks_for_a_colour_bar() -> None:
    picture = _picture()
    _, kwargs, _ = std_layer(picture, SOURCE, RECORD)
    top = np.percentile(picture, 99.8)
    assert kwargs["contrast_limits"] == (0, pytest.approx(top))
    assert kwargs["colormap"] == "magma"
    assert kwargs["metadata"]["divnoise"]["colorbar"] is True


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_no_spread_is_no_error(value: float) -> None:
    _, kwargs, _ = std_layer(np.full((8, 8), value), SOURCE, RECORD)
    assert kwargs["contrast_limits"] == (0, 1)


def test_lazy_samples_are_not_computed() -> None:
    stack = _Untouched()
    data, kwargs, _ = samples_layer(stack, SOURCE, (90, 240), RECORD)
    assert data is stack
    assert kwargs["axis_labels"] == ("sample", "y", "x")
    assert kwargs["units"] == ("pixel", "um", "um")
    assert kwargs["scale"] == (1.0, 0.2, 0.2)
    assert kwargs["projection_mode"] == "mean"
    assert kwargs["multiscale"] is False


def test_a_layer_three_pixels_wide_is_not_taken_for_colours() -> None:
    layers = pytest.importorskip("napari.layers")
    stack = np.zeros((4, 32, 3))
    layer = layers.Layer.create(*samples_layer(stack, SOURCE, (0, 1), RECORD))
    assert not layer.rgb
    assert layer.ndim == 3


def test_thick_slices_along_the_samples_are_their_mean() -> None:
    components = pytest.importorskip("napari.components")
    layers = pytest.importorskip("napari.layers")
    stack = np.random.default_rng(1).random((5, 8, 8))
    model = components.ViewerModel()
    layer = layers.Layer.create(*samples_layer(stack, SOURCE, (0, 1), RECORD))
    model.add_layer(layer)
    model.dims.set_point(0, 2)
    model.dims.margin_left = model.dims.margin_right = (2, 0, 0)
    shown = np.asarray(layer._slice.image.view)
    np.testing.assert_allclose(shown, stack.mean(0), rtol=1e-5)


def test_where_it_comes_from_is_in_the_metadata() -> None:
    record = dict(RECORD)
    _, kwargs, _ = quantile_layer(_picture(), SOURCE, record, level=0.05)
    found = kwargs["metadata"]["divnoise"]
    assert (found["seed"], found["n"], found["level"]) == (7, 100, 0.05)
    assert record == RECORD


def test_a_preview_takes_contrast_from_its_source_or_its_pixels() -> None:
    stack = np.random.default_rng(0).random((2, 4, 32, 32))
    _, kwargs, _ = preview_layer(stack, "a", source=SOURCE)
    assert kwargs["contrast_limits"] == (90, 240)
    _, kwargs, _ = preview_layer(stack, "a")
    assert 0 <= kwargs["contrast_limits"][0] < kwargs["contrast_limits"][1] <= 1
    _, kwargs, _ = preview_layer(stack, "a", contrast_limits=(3, 4))
    assert kwargs["contrast_limits"] == (3, 4)


def test_no_layer_needs_napari() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['napari'] = None; sys.modules['qtpy'] = None; "
        "import numpy as np; from napari_divnoise.layers import mmse_layer; "
        "mmse_layer(np.eye(4), None, {}); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
