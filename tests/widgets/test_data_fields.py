"""The meaning of dimensions: never twice the same, and said in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from napari_divnoise.widgets._data_fields import AxesField, FilesField

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def axes(qtbot: QtBot) -> AxesField:
    field = AxesField()
    qtbot.addWidget(field)
    return field


def test_labels_of_the_layer_are_believed(axes: AxesField) -> None:
    axes.show_array((40, 64, 64), ("t", "y", "x"))
    assert axes.value() == "TYX"
    assert axes._sentence.text() == "40 time points: 40 images of 64x64"


def test_choosing_a_meaning_twice_swaps(qtbot: QtBot, axes: AxesField) -> None:
    axes.show_array((40, 2, 64, 64), ("t", "c", "y", "x"))
    with qtbot.waitSignal(axes.valueChanged) as announced:
        axes._chips[0].setCurrentText("channel")
    assert axes.value() == "CTYX"
    assert announced.args == ["CTYX"]
    assert [chip.currentText() for chip in axes._chips[:2]] == ["channel", "time"]


def test_a_choice_stays_while_the_shape_does(axes: AxesField) -> None:
    axes.show_array((40, 64, 64))
    axes.setValue("ZYX")
    axes.show_array((40, 64, 64), ("t", "y", "x"))
    assert axes.value() == "ZYX"
    axes.show_array((41, 64, 64), ("t", "y", "x"))
    assert axes.value() == "TYX"


def test_cleared_it_says_nothing(axes: AxesField) -> None:
    axes.show_array((40, 64, 64))
    axes.clear()
    assert axes.value() == ""
    assert axes._chips == []


def test_a_path_is_announced_once_and_its_problem_shown_at_the_field(
    qtbot: QtBot,
) -> None:
    field = FilesField()
    qtbot.addWidget(field)
    heard: list[str] = []
    field.valueChanged.connect(heard.append)
    field.setValue("/data/a.tif")
    field._on_path_edited()
    assert heard == ["/data/a.tif"]
    field.say("There is no such file.")
    assert field._path.property("tone") == "bad"
    assert field._problem.text() == "There is no such file."
