"""Side by side and back: nothing of the person's view is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_divnoise.widgets._compare import Comparison

if TYPE_CHECKING:
    from napari.components import ViewerModel


def test_everything_is_put_back(viewer: ViewerModel) -> None:
    layers = [viewer.add_image(np.ones((8, 8)), name=name) for name in "abc"]
    layers[1].visible = False
    viewer.scene.camera.zoom = 3.25
    comparison = Comparison(viewer)
    comparison.begin(layers[:2])
    assert comparison.is_on
    assert viewer.canvas.grid.enabled
    assert [layer.visible for layer in layers] == [True, True, False]
    comparison.begin(layers[1:])
    viewer.layers.remove(layers[2])
    comparison.end()
    assert not viewer.canvas.grid.enabled
    assert [layer.visible for layer in layers[:2]] == [True, False]
    assert viewer.scene.camera.zoom == 3.25


def test_ending_what_has_not_begun_does_nothing(viewer: ViewerModel) -> None:
    viewer.canvas.grid.enabled = True
    Comparison(viewer).end()
    assert viewer.canvas.grid.enabled
