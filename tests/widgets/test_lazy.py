"""A sample that is not there yet has a placeholder, and comes by itself."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.widgets._lazy import LazySamples, MovedAxes

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from pytestqt.qtbot import QtBot

    from napari_divnoise.runs import Model

ARRAY = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 3, 1, 2), (2, 0, 3, 1)])
@pytest.mark.parametrize(
    "key", [1, (slice(None), 1), (slice(0, 1), slice(1, 2), 1), slice(None)]
)
def test_axes_are_moved_as_numpy_moves_them(order: Any, key: Any) -> None:
    moved = MovedAxes(ARRAY, order)
    expected = ARRAY.transpose(order)
    assert moved.shape == expected.shape
    np.testing.assert_array_equal(moved[key], expected[key])
    np.testing.assert_array_equal(np.asarray(moved), expected)


class Slow:
    """A posterior that draws when it is told to."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def plane(self, _number: int) -> Slow:
        return self

    def sample(self, number: int) -> np.ndarray[Any, Any]:
        self.gate.wait(5)
        return np.full((8, 8), number, np.float32)


@pytest.fixture
def slow() -> Slow:
    return Slow()


def shown(layer: Any) -> float:
    return float(np.asarray(layer._data_view)[0, 0])


def test_the_layer_shows_the_mean_first_and_then_the_sample(
    qtbot: QtBot, viewer: ViewerModel, until: Any, slow: Slow
) -> None:
    mean = np.full((1, 8, 8), -1, np.float32)
    samples = LazySamples(slow, mean, shape=(20, 8, 8), cache_gb=0.1)  # type: ignore[arg-type]
    layer = viewer.add_image(samples.stack, contrast_limits=(0, 20))
    samples.refresh_layer(viewer, layer)
    viewer.dims.set_current_step(0, 7)
    assert shown(layer) == -1
    slow.gate.set()
    until(lambda: shown(layer) == 7)
    samples.close()


def test_nothing_is_drawn_for_a_layer_that_was_removed(
    qtbot: QtBot, viewer: ViewerModel, slow: Slow
) -> None:
    slow.gate.set()
    mean = np.full((1, 8, 8), -1, np.float32)
    samples = LazySamples(slow, mean, shape=(20, 8, 8), cache_gb=0.1)  # type: ignore[arg-type]
    layer = viewer.add_image(samples.stack, contrast_limits=(0, 20))
    samples.refresh_layer(viewer, layer)
    viewer.layers.remove(layer)
    assert samples.stack[3][0, 0] == -1
    assert not samples.stack.is_waiting


def test_it_is_the_very_sample_of_the_posterior(
    qtbot: QtBot,
    viewer: ViewerModel,
    until: Any,
    model: Model,
    noisy: np.ndarray[Any, Any],
) -> None:
    posterior = model.posterior(noisy[np.newaxis], seed=3)
    mean = np.zeros((1, 64, 64), np.float32)
    samples = LazySamples(posterior, mean, shape=(20, 64, 64), cache_gb=0.1)
    samples.stack[11]
    until(lambda: not samples.stack.is_waiting)
    np.testing.assert_array_equal(samples.stack[11], posterior.plane(0).sample(11))
    samples.close()
