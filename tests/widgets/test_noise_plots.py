"""The plots of the Noise page show pairs and model where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_divnoise.noise import joint_histogram
from napari_divnoise.widgets._noise_pictures import Curve, Picture, picture_of
from napari_divnoise.widgets._noise_plots import DensityPlot, FitPlot, PairsPlot
from napari_divnoise.widgets._theme import palette

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

SIGNAL = np.linspace(10, 20, 5)


@pytest.fixture
def plot(qtbot: QtBot) -> PairsPlot:
    plot = PairsPlot()
    qtbot.addWidget(plot)
    plot.apply_palette(palette("light"))
    return plot


@pytest.fixture(scope="module")
def picture() -> Picture:
    rng = np.random.default_rng(0)
    signal = np.linspace(10, 20, 64 * 64).reshape(64, 64)
    return picture_of(joint_histogram(signal + rng.normal(0, 2, (4, 64, 64)), signal))


def test_the_model_lies_over_what_was_observed(
    plot: PairsPlot, picture: Picture
) -> None:
    plot.setValue(picture, Curve(SIGNAL, SIGNAL + 1, np.full(5, 2.0)))
    np.testing.assert_allclose(plot._mean.getData()[1], SIGNAL + 1)
    np.testing.assert_allclose(plot._high.getData()[1], SIGNAL + 5)
    np.testing.assert_array_equal(plot._image.image, picture.observed)
    plot.show_noise(True)
    np.testing.assert_allclose(plot._mean.getData()[1], 1)
    np.testing.assert_allclose(plot._low.getData()[1], -3)
    np.testing.assert_array_equal(plot._image.image, picture.noise)
    assert plot.getAxis("left").labelText == "noise"


def test_the_line_stays_where_it_was_put(
    plot: PairsPlot, picture: Picture, qtbot: QtBot
) -> None:
    curve = Curve(SIGNAL, SIGNAL, np.full(5, 2.0))
    plot.setValue(picture, curve)
    assert plot.signal() == pytest.approx(picture.typical)
    with qtbot.waitSignal(plot.signalMoved) as moved:
        plot._line.setValue(12)
    assert moved.args == [12]
    plot.setValue(picture, Curve(SIGNAL + 0.5, SIGNAL, np.full(5, 1.0)))
    assert plot.signal() == 12
    plot.setValue(None, Curve(SIGNAL + 100, SIGNAL, np.full(5, 1.0)))
    assert plot.signal() == pytest.approx(115)


def test_a_model_without_pairs_has_axes_all_the_same(plot: PairsPlot) -> None:
    plot.setValue(None, Curve(SIGNAL, SIGNAL, np.full(5, 2.0)))
    assert not plot._image.isVisible()
    (left, right), (bottom, top) = plot.getPlotItem().getViewBox().viewRange()
    assert left <= 10 < 20 <= right
    assert bottom <= 2 < 28 <= top


def test_densities_take_bars_and_a_curve(qtbot: QtBot) -> None:
    plot = DensityPlot()
    qtbot.addWidget(plot)
    plot.apply_palette(palette("dark"))
    plot.setValue(np.arange(4.0), np.ones(3), np.arange(9.0), np.ones(9))
    assert len(plot._model.getData()[0]) == 9


def test_both_curves_of_a_fit_fill_the_plot(qtbot: QtBot) -> None:
    plot = FitPlot()
    qtbot.addWidget(plot)
    plot.apply_palette(palette("dark"))
    percent = np.linspace(0, 90, 50)
    losses = np.stack([percent, 100 - percent], axis=1)
    plot.setValue(losses, np.empty((0, 2)))
    assert not plot.getAxis("right").style["showValues"]
    nlls = np.array([[90.0, 3.2], [95.0, 3.1]])
    plot.setValue(losses, nlls)
    np.testing.assert_allclose(plot._nlls.getData()[1], [3.2, 3.1])
    bottom, top = plot._right.viewRange()[1]
    assert bottom < 3.1 < 3.2 < top
    assert top - bottom < 0.2
