"""The command "Check noise of selected image": a dock with the card of one layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.widgets.commands import NOISE_CHECK, _dock_around, check_noise
from napari_divnoise.widgets.noise_check import NoiseCheck

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from pytestqt.qtbot import QtBot


@pytest.fixture
def check(qtbot: QtBot, viewer: ViewerModel) -> NoiseCheck:
    check = NoiseCheck(viewer)
    qtbot.addWidget(check)
    return check


def test_a_layer_is_checked_in_a_thread(
    check: NoiseCheck, viewer: ViewerModel, noisy: np.ndarray[Any, Any], until: Any
) -> None:
    layer = viewer.add_image(noisy, name="cells")
    check.check(layer)
    assert check.is_running
    assert check._name.text() == "cells"
    until(lambda: check.card.report is not None)
    assert check.card.verdict.property("tone") == "good"
    assert not check.denoise_button.isHidden()
    with_layer = []
    check.denoiseClicked.connect(with_layer.append)
    check.denoise_button.click()
    assert with_layer == [layer]
    viewer.layers.remove(layer)
    check.denoise_button.click()
    assert "no longer" in check.card.verdict.text()


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.full((64, 64), np.nan), "NaN"),
        (np.full((64, 64), 7.0), "constant"),
        (np.arange(64.0).reshape(8, 8), "8x8"),
        (np.zeros((64, 64, 3), np.uint8), "RGB"),
        (np.zeros((1,) * 7 + (64, 64)), "9"),
    ],
    ids=["nan", "constant", "tiny", "rgb", "nine dimensions"],
)
def test_a_bad_layer_gets_a_sentence(
    check: NoiseCheck, viewer: ViewerModel, pixels: Any, words: str, until: Any
) -> None:
    is_rgb = pixels.shape[-1] == 3
    check.check(viewer.add_image(pixels, rgb=is_rgb, contrast_limits=(0, 1)))
    until(lambda: not check.is_running)
    assert words in check.card.verdict.text()
    assert check.denoise_button.isHidden()


def test_the_channel_that_is_shown_is_checked(
    check: NoiseCheck, viewer: ViewerModel, noisy: np.ndarray[Any, Any], until: Any
) -> None:
    bright = noisy + 1000
    layer = viewer.add_image(np.stack([noisy, bright]), axis_labels=("c", "y", "x"))
    viewer.dims.set_current_step(0, 1)
    check.check(layer)
    assert "Channel 1" in check._what.text()
    until(lambda: check.card.report is not None)
    assert check.card.report is not None
    assert check.card.report.levels[0] > 1000


def test_the_command_shows_one_dock_for_the_selected_image(
    make_napari_viewer: Any, noisy: np.ndarray[Any, Any], until: Any
) -> None:
    viewer = make_napari_viewer()
    first, second = (viewer.add_image(noisy, name=name) for name in "ab")
    viewer.layers.selection.active = first
    check_noise(viewer)
    dock = viewer.window.dock_widgets[NOISE_CHECK]
    until(lambda: dock.card.report is not None)
    holder = _dock_around(dock)
    assert holder is not None
    holder.hide()
    viewer.layers.selection = {first, second}
    viewer.layers.selection.active = None
    check_noise(viewer)
    assert viewer.window.dock_widgets[NOISE_CHECK] is dock
    assert dock._name.text() == "a"
    assert not holder.isHidden()
    until(lambda: not dock.is_running)


def test_without_an_image_the_command_says_what_to_do(
    make_napari_viewer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    viewer = make_napari_viewer()
    viewer.add_labels(np.zeros((64, 64), int))
    check_noise(viewer)
    assert NOISE_CHECK not in viewer.window.dock_widgets
    assert "Select the image" in "".join(capsys.readouterr())
