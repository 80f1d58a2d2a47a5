"""The row of steps shows where one is and can be clicked."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt

from napari_divnoise.widgets._steps import StepBar
from napari_divnoise.widgets._theme import palette, show_palette

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_a_step_is_clicked(qtbot: QtBot) -> None:
    steps = StepBar({"data": "Data", "noise": "Noise"})
    qtbot.addWidget(steps)
    with qtbot.waitSignal(steps.stepClicked) as clicked:
        qtbot.mouseClick(steps._steps[1], Qt.MouseButton.LeftButton)
    assert clicked.args == [1]


def test_marks_change_the_picture(qtbot: QtBot) -> None:
    steps = StepBar({"data": "Data", "noise": "Noise"})
    qtbot.addWidget(steps)
    show_palette(steps, palette("dark"))
    steps.resize(300, 50)
    pictures = [steps.grab().toImage()]
    for mark in ("busy", "done"):
        steps.set_mark(0, mark)
        assert steps.mark(0) == mark
        pictures.append(steps.grab().toImage())
    steps.set_current(1)
    pictures.append(steps.grab().toImage())
    assert all(before != after for before, after in pairwise(pictures))
