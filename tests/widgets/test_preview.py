"""The preview is a slider over the training, and a person may throw it away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.session import Source
from napari_divnoise.widgets._preview import PreviewLayer

if TYPE_CHECKING:
    from napari.components import ViewerModel

REGION = (0, 8, 16, 32, 32)


def views(n_epochs: int) -> np.ndarray[Any, Any]:
    return np.arange(n_epochs, dtype=np.float32)[:, None, None, None] * np.ones(
        (1, 4, 32, 32), np.float32
    )


@pytest.fixture
def preview(viewer: ViewerModel) -> PreviewLayer:
    cells = viewer.add_image(
        np.ones((64, 64)),
        scale=(0.5, 0.5),
        units=("um", "um"),
        axis_labels=("y", "x"),
    )
    return PreviewLayer(lambda: viewer, "run-1", Source.of_layer(cells))


def test_it_lies_where_it_was_cut_and_shows_the_newest_mean(
    preview: PreviewLayer, viewer: ViewerModel
) -> None:
    preview.show_views(views(3), REGION)
    layer = viewer.layers[-1]
    assert layer.name == "preview – run-1"
    assert viewer.dims.axis_labels == ("epoch", "view", "y", "x")
    assert viewer.dims.current_step[:2] == (2, 1)
    np.testing.assert_allclose(layer.data_to_world((0, 0, 0, 0))[-2:], (4, 8))


def test_it_follows_the_training(preview: PreviewLayer, viewer: ViewerModel) -> None:
    preview.show_views(views(1), REGION)
    preview.show_views(views(2), REGION)
    preview.show_views(views(3), REGION)
    assert len(viewer.layers) == 2
    assert viewer.layers[-1].data.shape[0] == 3
    assert viewer.dims.current_step[0] == 2


def test_a_person_who_looks_at_an_older_epoch_stays_there(
    preview: PreviewLayer, viewer: ViewerModel
) -> None:
    preview.show_views(views(3), REGION)
    viewer.dims.set_current_step(0, 1)
    preview.show_views(views(4), REGION)
    assert viewer.dims.current_step[0] == 1


def test_deleted_it_does_not_come_back(
    preview: PreviewLayer, viewer: ViewerModel
) -> None:
    preview.show_views(views(1), REGION)
    viewer.layers.remove("preview – run-1")
    preview.show_views(views(2), REGION)
    assert len(viewer.layers) == 1
    assert not preview.is_away


def test_put_away_it_goes_on_and_comes_back(
    preview: PreviewLayer, viewer: ViewerModel
) -> None:
    preview.show_views(views(1), REGION)
    preview.put_away()
    assert len(viewer.layers) == 1
    assert preview.is_away
    preview.show_views(views(3), REGION)
    preview.bring_back()
    assert viewer.layers[-1].data.shape[0] == 3
    assert viewer.dims.current_step[:2] == (2, 1)
    assert not preview.is_away


def test_a_closed_viewer_is_no_error() -> None:
    PreviewLayer(lambda: None, "run-1", None).show_views(views(1), REGION)
