"""A region in words becomes whole pixels of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_divnoise.widgets._regions import VIEW, WHOLE, region_choices, region_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

BOX = np.array([[10.2, 20.0], [10.2, 40.0], [30.0, 40.0], [30.0, 20.0]])


def test_the_whole_image_is_no_region(viewer: ViewerModel) -> None:
    layer = viewer.add_image(np.ones((64, 64)))
    assert region_of(viewer, layer, "YX", WHOLE) is None


def test_shapes_are_offered_once_something_is_drawn(viewer: ViewerModel) -> None:
    viewer.add_shapes(name="empty")
    viewer.add_shapes([BOX], name="nucleus")
    assert region_choices(viewer) == [WHOLE, VIEW, "shapes: nucleus"]


def test_a_shape_in_micrometres_is_found_in_pixels(viewer: ViewerModel) -> None:
    layer = viewer.add_image(np.ones((64, 64)), scale=(0.5, 0.5))
    viewer.add_shapes([BOX / 2], name="nucleus")
    rows, columns = region_of(viewer, layer, "YX", "shapes: nucleus") or ()
    assert (rows.start, rows.stop) == (10, 30)
    assert (columns.start, columns.stop) == (20, 40)


def test_a_shape_beyond_the_edge_is_cut(viewer: ViewerModel) -> None:
    layer = viewer.add_image(np.ones((5, 24, 30)))
    viewer.add_shapes([BOX], name="nucleus")
    rows, columns = region_of(viewer, layer, "TYX", "shapes: nucleus") or ()
    assert (rows.start, rows.stop, columns.stop) == (10, 24, 30)


def test_the_view_is_what_napari_says_it_is(viewer: ViewerModel) -> None:
    layer = viewer.add_image(np.ones((64, 64)))
    corners = layer.corner_pixels
    rows, columns = region_of(viewer, layer, "YX", VIEW) or ()
    assert rows == slice(corners[0][0], corners[1][0] + 1)
    assert columns == slice(corners[0][1], corners[1][1] + 1)
