from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from napari_divnoise.images import open_images
from napari_divnoise.layers import mmse_layer, preview_layer, samples_layer
from napari_divnoise.layers import source_kwargs as place

# A rotation about z, and a shear, as napari gives them for a layer of three axes.
TURNED = {
    "scale": (2.0, 0.3, 0.25),
    "translate": (5.0, -7.0, 11.0),
    "rotate": np.array([[1, 0, 0], [0, 0.6, -0.8], [0, 0.8, 0.6]]),
    "shear": np.array([0.0, 0.0, 0.4]),
    "affine": np.array([[1, 0, 0, 3], [0, 1, 0.2, 0], [0, 0, 1, -2], [0, 0, 0, 1.0]]),
    "units": ("s", "um", "um"),
    "axis_labels": ("t", "y", "x"),
}


def _image_layer(shape: tuple[int, ...] = (4, 6, 8), **kwargs: object):
    layers = pytest.importorskip("napari.layers")
    return layers.Image(np.zeros(shape), name="cells", **kwargs)


def _created(data_tuple: tuple) -> object:
    layers = pytest.importorskip("napari.layers")
    return layers.Layer.create(*data_tuple)


def test_a_result_lies_exactly_over_its_source() -> None:
    source = _image_layer(**TURNED)
    result = _created(mmse_layer(np.zeros((4, 6, 8)), source, {}))
    for point in np.random.default_rng(0).uniform(0, 8, (20, 3)):
        expected = source.data_to_world(point)
        np.testing.assert_allclose(result.data_to_world(point), expected)
    assert result.units == source.units
    assert result.axis_labels == source.axis_labels


def test_a_plain_layer_stays_plain() -> None:
    source = _image_layer((6, 8), scale=(0.5, 0.5), units=("um", "um"))
    result = _created(mmse_layer(np.zeros((6, 8)), source, {}))
    np.testing.assert_array_equal(result.affine.affine_matrix, np.eye(3))
    np.testing.assert_array_equal(result.rotate, np.eye(2))
    assert result.scale == pytest.approx([0.5, 0.5])


def test_samples_lie_over_their_source_whatever_their_number() -> None:
    source = _image_layer(**TURNED)
    layer = _created(samples_layer(np.zeros((9, 4, 6, 8)), source, (0, 1), {}))
    point = np.array([1.0, 4.0, 5.0])
    for number in (0, 3):
        world = layer.data_to_world((number, *point))
        np.testing.assert_allclose(world[1:], source.data_to_world(point))
        assert world[0] == pytest.approx(number)
    assert layer.axis_labels == ("sample", "t", "y", "x")
    assert [str(unit) for unit in layer.units] == [
        "pixel",
        "second",
        "micrometer",
        "micrometer",
    ]


def test_a_picked_channel_takes_its_axis_along() -> None:
    source = _image_layer(
        (3, 6, 8),
        scale=(1, 0.3, 0.25),
        translate=(0, 4, 5),
        axis_labels=("c", "y", "x"),
        units=("pixel", "um", "um"),
    )
    flat = _created(mmse_layer(np.zeros((6, 8)), source, {}, without=0))
    assert flat.axis_labels == ("y", "x")
    expected = source.data_to_world((0, 2, 3))[1:]
    np.testing.assert_allclose(flat.data_to_world((2, 3)), expected)
    same = place(source, without=-3)
    assert same["axis_labels"] == ("y", "x")


def test_a_preview_lies_over_the_region_it_was_cut_from() -> None:
    source = _image_layer(**TURNED)
    stack = np.zeros((2, 4, 3, 3))
    layer = _created(preview_layer(stack, "run", source=source, corner=(2, 4)))
    # Time is not mixed with space here, so the plane's own transform is exact.
    plane = source.data_to_world((0, 2, 4))[1:]
    np.testing.assert_allclose(layer.data_to_world((0, 0, 0, 0))[2:], plane)
    farther = source.data_to_world((0, 4, 5))[1:]
    np.testing.assert_allclose(layer.data_to_world((1, 3, 2, 1))[2:], farther)
    assert layer.axis_labels == ("epoch", "view", "y", "x")


def test_nothing_is_shared_with_the_source() -> None:
    source = SimpleNamespace(**TURNED)
    kwargs = place(source)
    for name in ("rotate", "shear", "affine"):
        kwargs[name] += 1
    assert source.rotate[0, 0] == 1
    assert source.affine[3, 3] == 1


def test_a_file_gives_scale_units_and_labels() -> None:
    stack = open_images(np.zeros((3, 40, 50), np.uint16), axes="TYX")
    kwargs = place(stack)
    assert kwargs["axis_labels"] == ("t", "y", "x")
    assert kwargs["scale"] == (1.0, 1.0, 1.0)
    assert kwargs["units"] == ("pixel", "pixel", "pixel")


def test_without_a_source_every_layer_still_has_axes_and_units() -> None:
    kwargs = place(None, ndim=3)
    assert kwargs["axis_labels"] == ("axis 0", "y", "x")
    assert kwargs["units"] == ("pixel",) * 3
    np.testing.assert_array_equal(kwargs["affine"], np.eye(4))


def test_a_result_with_other_axes_is_refused() -> None:
    source = SimpleNamespace(**TURNED)
    with pytest.raises(ValueError, match=r"\(6, 8\) does not fit the axes"):
        mmse_layer(np.zeros((6, 8)), source, {})


def test_labels_and_units_are_plain_words() -> None:
    source = _image_layer(**TURNED)
    kwargs = place(source)
    assert json.dumps([kwargs["units"], kwargs["axis_labels"], kwargs["scale"]])
