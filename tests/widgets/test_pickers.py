"""The lists of layers follow the viewer, and say why a layer will not do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.widgets._pickers import LayerCombo, LayerList, LayerRow
from napari_divnoise.widgets._suitability import is_image

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from pytestqt.qtbot import QtBot

CELLS = np.ones((64, 64), np.uint16)


@pytest.fixture
def picker(qtbot: QtBot, viewer: ViewerModel) -> LayerList:
    picker = LayerList(viewer)
    qtbot.addWidget(picker)
    for event in ("inserted", "removed", "renamed"):
        getattr(viewer.layers.events, event).connect(picker.reset_choices)
    return picker


def names(picker: LayerList) -> list[str]:
    return [layer.name for layer in picker.value()]


def rows(picker: LayerList) -> dict[str, LayerRow]:
    return {row.layer.name: row for row in picker._rows}


def test_the_first_image_that_comes_is_proposed(
    picker: LayerList, viewer: ViewerModel
) -> None:
    viewer.add_image(CELLS, name="cells")
    viewer.add_image(CELLS, name="more")
    assert names(picker) == ["cells"]


def test_the_selected_images_are_proposed_when_the_dock_opens(
    qtbot: QtBot, viewer: ViewerModel
) -> None:
    for name in "abc":
        viewer.add_image(CELLS, name=name)
    viewer.layers.selection = {viewer.layers["a"], viewer.layers["c"]}
    picker = LayerList(viewer)
    qtbot.addWidget(picker)
    assert names(picker) == ["a", "c"]


def test_results_and_labels_are_not_offered(
    picker: LayerList, viewer: ViewerModel
) -> None:
    viewer.add_image(CELLS, name="mean", metadata={"divnoise": {"kind": "mean"}})
    viewer.add_labels(np.zeros((64, 64), int))
    assert rows(picker) == {}
    assert names(picker) == []


def test_a_deleted_layer_goes_and_a_renamed_one_stays_chosen(
    picker: LayerList, viewer: ViewerModel
) -> None:
    viewer.add_image(CELLS, name="a")
    viewer.add_image(CELLS, name="b")
    picker.setValue(list(viewer.layers))
    viewer.layers.remove("a")
    viewer.layers["b"].name = "cells"
    assert names(picker) == ["cells"]
    assert list(rows(picker)) == ["cells"]


def test_a_tick_is_announced(
    qtbot: QtBot, picker: LayerList, viewer: ViewerModel
) -> None:
    viewer.add_image(CELLS, name="a")
    viewer.add_image(CELLS, name="b")
    with qtbot.waitSignal(picker.valueChanged) as announced:
        rows(picker)["b"].tick(True)
    assert announced.args == [list(viewer.layers)]


def test_a_person_s_empty_choice_is_respected(
    picker: LayerList, viewer: ViewerModel
) -> None:
    viewer.add_image(CELLS, name="a")
    rows(picker)["a"].tick(False)
    viewer.add_image(CELLS, name="b")
    assert names(picker) == []


def test_a_dropped_labels_layer_is_listed_with_the_reason(
    picker: LayerList, viewer: ViewerModel
) -> None:
    labels = viewer.add_labels(np.zeros((64, 64), int), name="nuclei")
    picker.drop([labels])
    assert names(picker) == ["nuclei"]
    assert "no measured intensities" in rows(picker)["nuclei"]._reason.text()


def test_a_dropped_layer_joins_the_ticked_ones(
    picker: LayerList, viewer: ViewerModel
) -> None:
    viewer.add_image(CELLS, name="a")
    second = viewer.add_image(CELLS, name="b")
    picker.drop([second])
    assert names(picker) == ["a", "b"]


def test_two_layers_are_both_seen(picker: LayerList, viewer: ViewerModel) -> None:
    for name in "ab":
        viewer.add_image(CELLS, name=name)
    needed = sum(row.sizeHint().height() for row in picker._rows)
    assert picker._scroll.height() >= needed


def test_many_layers_scroll_and_do_not_push(
    picker: LayerList, viewer: ViewerModel
) -> None:
    for number in range(12):
        viewer.add_image(CELLS, name=f"layer {number}")
    assert picker.sizeHint().height() < 150


class Drop(SimpleNamespace):
    """A drag event, as far as the pickers look at it."""

    accepted = False

    def mimeData(self) -> Any:
        return SimpleNamespace(items=self.items)

    def acceptProposedAction(self) -> None:
        self.accepted = True

    def setDropAction(self, _action: Any) -> None:
        pass

    def accept(self) -> None:
        self.accepted = True


def test_a_drag_of_layers_is_accepted_and_others_are_not(
    picker: LayerList, viewer: ViewerModel
) -> None:
    layer = viewer.add_image(CELLS)
    drag, stranger = Drop(items=[layer]), Drop(items=[])
    picker.dragEnterEvent(drag)  # type: ignore[arg-type]
    picker.dragEnterEvent(stranger)  # type: ignore[arg-type]
    assert drag.accepted
    assert not stranger.accepted


def test_a_combo_follows_the_viewer_and_keeps_the_choice(
    qtbot: QtBot, viewer: ViewerModel
) -> None:
    combo = LayerCombo(viewer, is_image, "noise.signal")
    qtbot.addWidget(combo)
    assert combo.value() is None
    first = viewer.add_image(CELLS, name="a")
    viewer.add_labels(np.zeros((64, 64), int))
    combo.reset_choices()
    assert combo.count() == 1
    assert combo.value() is None
    combo.setValue(first)
    viewer.add_image(CELLS, name="b")
    combo.reset_choices()
    assert combo.value() is first
    viewer.layers.remove(first)
    combo.reset_choices()
    assert combo.value() is None


def test_a_combo_proposes_the_only_choice_if_asked_to(
    qtbot: QtBot, viewer: ViewerModel
) -> None:
    only = viewer.add_image(CELLS)
    combo = LayerCombo(viewer, is_image, "noise.frames", proposes=True)
    qtbot.addWidget(combo)
    assert combo.value() is only


def test_a_layer_is_dropped_on_a_combo(qtbot: QtBot, viewer: ViewerModel) -> None:
    viewer.add_image(CELLS, name="a")
    second = viewer.add_image(CELLS, name="b")
    combo = LayerCombo(viewer, is_image, "noise.signal")
    qtbot.addWidget(combo)
    combo.dropEvent(Drop(items=[second]))  # type: ignore[arg-type]
    assert combo.value() is second
