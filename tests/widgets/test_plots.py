"""The curves show what was reported, whole and quickly."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QMenu

from napari_divnoise.widgets._plots import (
    MOST_POINTS,
    LossPlot,
    smoothed,
)
from napari_divnoise.widgets._theme import palette

from .test_health import progress

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def plot(qtbot: QtBot) -> LossPlot:
    plot = LossPlot()
    qtbot.addWidget(plot)
    plot.apply_palette(palette("dark"))
    return plot


def test_only_what_is_new_is_added(plot: LossPlot) -> None:
    history = [progress(n, loss=float(n)) for n in range(1, 11)]
    plot.add_new(history[:4])
    plot.add_new(history)
    np.testing.assert_array_equal(plot._raw.getData()[0], np.arange(1, 11))
    plot.show_quantity("rate")
    np.testing.assert_allclose(plot._raw.getData()[1], 0.1)


def test_a_new_training_begins_a_new_curve(plot: LossPlot) -> None:
    plot.add_new([progress(n) for n in range(1, 11)])
    plot.add_new([progress(1)])
    assert plot.n_points() == 1


def test_a_long_training_is_thinned_and_drawn_in_time(plot: LossPlot) -> None:
    history = [progress(n, n_steps=10**6) for n in range(1, 10 * MOST_POINTS)]
    plot.setValue(history)
    assert MOST_POINTS / 2 < plot.n_points() <= MOST_POINTS
    start = time.perf_counter()
    plot.add_new([*history, progress(10 * MOST_POINTS)])
    assert time.perf_counter() - start < 0.05


def test_numbers_that_are_none_leave_a_gap(plot: LossPlot) -> None:
    plot.add_new([progress(1, loss=float("nan")), progress(2, loss=1.0)])
    np.testing.assert_array_equal(plot._raw.getData()[0], [2])


def test_each_validation_is_one_dot(plot: LossPlot) -> None:
    values = [None, 3.0, 3.0, 3.0, 2.5, 2.5]
    plot.add_new([progress(n, validation_loss=v) for n, v in enumerate(values, 1)])
    steps, losses = plot._validation.getData()
    np.testing.assert_array_equal(steps, [2, 5])
    np.testing.assert_array_equal(losses, [3.0, 2.5])


def test_smoothing_keeps_a_line_and_its_length() -> None:
    values = np.arange(200.0)
    result = smoothed(values)
    assert len(result) == 200
    np.testing.assert_allclose(np.diff(result[10:]), 1)
    np.testing.assert_allclose(smoothed(np.full(50, 2.5)), 2.5)


def test_the_wheel_is_left_to_the_page(plot: LossPlot) -> None:
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    event.accept()
    plot.wheelEvent(event)
    assert not event.isAccepted()


def test_no_menu_lies_over_the_curve(plot: LossPlot) -> None:
    plot.show()
    assert not [menu for menu in plot.findChildren(QMenu) if menu.isVisible()]
