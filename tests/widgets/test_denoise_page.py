"""The Denoise page and the denoiser behind it: run, cancel, look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.images import open_images
from napari_divnoise.session import Source, session_of
from napari_divnoise.widgets._jobs import SLICE, Settings, axes_of, jobs_of
from napari_divnoise.widgets.denoise_page import DenoisePage

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from pytestqt.qtbot import QtBot

    from napari_divnoise.runs import Model
    from napari_divnoise.session import Session
    from napari_divnoise.widgets._denoiser import Denoiser


@pytest.fixture
def session(viewer: ViewerModel, model: Model) -> Session:
    session = session_of(viewer)
    session.model = model
    return session


@pytest.fixture
def page(
    qtbot: QtBot, viewer: ViewerModel, session: Session, denoiser: Denoiser
) -> DenoisePage:
    page = DenoisePage(viewer, session, denoiser)
    qtbot.addWidget(page)
    for event in ("inserted", "removed", "renamed"):
        getattr(viewer.layers.events, event).connect(page.reset_choices)
    return page


def settings(**changes: Any) -> Settings:
    facts = {"region": "whole image", "n_samples": 9, "seed": 0, "device": "cpu"}
    return Settings(**{**facts, **changes})


def test_an_image_is_denoised_into_layers(
    page: DenoisePage,
    denoiser: Denoiser,
    session: Session,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    viewer.add_image(noisy, name="cells")
    assert page.reason() == ""
    page.n_samples.setValue(20)
    page.run_button.click()
    assert denoiser.is_running
    assert page.run_button.isHidden()
    until(lambda: not denoiser.is_running)
    assert [x.name for x in viewer.layers][1:] == [
        "cells · mean",
        "cells · samples",
        "cells · std",
    ]
    assert session.posterior is not None
    expected = session.posterior.plane(0).samples(20).mean(axis=0)
    np.testing.assert_allclose(viewer.layers["cells · mean"].data, expected, rtol=1e-4)
    assert page._numbers.text().startswith("20 samples")


def test_cancelling_keeps_what_was_drawn_and_says_so(
    page: DenoisePage,
    denoiser: Denoiser,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    viewer.add_image(noisy, name="cells")
    page.n_samples.setValue(1_000_000)
    page.run_button.click()
    until(lambda: denoiser.step is not None)
    assert denoiser.status()[0].startswith("Sampling cells")
    page.cancel_button.click()
    until(lambda: not denoiser.is_running)
    mean = viewer.layers[1]
    assert mean.name == f"cells · mean of {denoiser.results.n_done}/1000000"
    assert not page.run_button.isHidden()


def test_the_image_may_be_deleted_while_it_is_denoised(
    page: DenoisePage,
    denoiser: Denoiser,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    layer = viewer.add_image(noisy, name="cells")
    page.n_samples.setValue(2000)
    page.run_button.click()
    until(lambda: denoiser.step is not None)
    viewer.layers.remove(layer)
    n_before = denoiser.step.n_done
    until(lambda: denoiser.step.n_done > n_before)
    denoiser.cancel()
    until(lambda: not denoiser.is_running)
    assert viewer.layers[0].name.startswith("cells · mean")


def test_a_closed_page_does_not_stop_the_work(
    qtbot: QtBot,
    denoiser: Denoiser,
    session: Session,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    viewer.add_image(noisy, name="cells")
    page = DenoisePage(viewer, session, denoiser)
    page.n_samples.setValue(200)
    page.run_button.click()
    with qtbot.waitSignal(page.destroyed):
        page.deleteLater()
    until(lambda: not denoiser.is_running)
    assert "cells · mean" in viewer.layers


def test_bad_pixels_are_told_and_nothing_is_added(
    page: DenoisePage,
    denoiser: Denoiser,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    spoiled = np.where(noisy > 110, np.nan, noisy).astype(np.float32)
    viewer.add_image(spoiled, contrast_limits=(0, 200))
    problems: list[Any] = []
    denoiser.failed.connect(problems.append)
    page.run_button.click()
    until(lambda: problems)
    assert "NaN" in problems[0].what
    assert len(viewer.layers) == 1


def test_reasons(
    page: DenoisePage,
    session: Session,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    model: Model,
) -> None:
    assert page.reason() == "Choose an image."
    viewer.add_image(noisy)
    assert page.reason() == ""
    for field in page.outputs.values():
        field.setChecked(False)
    assert page.reason() == "Choose something to show."
    session.model = None
    assert page.reason().startswith("Train a network")
    assert not page.run_button.isEnabled()


def test_brighter_images_than_in_training_are_warned_of(
    page: DenoisePage,
    denoiser: Denoiser,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    viewer.add_image(noisy * 10)
    page.n_samples.setValue(8)
    page.run_button.click()
    until(lambda: not denoiser.is_running)
    assert "do not trust" in page.warning.text()


def test_looking_at_one_thing_at_a_time_and_side_by_side(
    page: DenoisePage,
    denoiser: Denoiser,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    viewer.add_image(noisy, name="cells")
    page.n_samples.setValue(8)
    page.run_button.click()
    until(lambda: not denoiser.is_running)
    page.looks.setValue("std")
    shown = {layer.name: layer.visible for layer in viewer.layers}
    assert shown == {
        "cells": True,
        "cells · mean": False,
        "cells · samples": False,
        "cells · std": True,
    }
    page.compare_button.click()
    assert viewer.canvas.grid.enabled
    assert all(layer.visible for layer in viewer.layers)
    page.looks.setValue("noisy")
    assert not viewer.canvas.grid.enabled
    assert [layer.name for layer in viewer.layers if layer.visible] == ["cells"]


def test_several_layers_are_done_one_after_the_other(
    page: DenoisePage,
    denoiser: Denoiser,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    layers = [viewer.add_image(noisy, name=name) for name in "ab"]
    page.layers.setValue(layers)
    page.n_samples.setValue(8)
    page.run_button.click()
    until(lambda: not denoiser.is_running)
    assert {"a · mean", "b · mean"} <= {layer.name for layer in viewer.layers}


def test_the_slice_that_is_seen_comes_first_or_alone(
    viewer: ViewerModel, session: Session, noisy: np.ndarray[Any, Any]
) -> None:
    layer = viewer.add_image(np.stack([noisy] * 4), axis_labels=("t", "y", "x"))
    viewer.dims.set_current_step(0, 2)
    (whole,) = jobs_of(viewer, session, [layer], settings())
    (one,) = jobs_of(viewer, session, [layer], settings(region=SLICE))
    assert whole.planes == (2, 0, 1, 3)
    assert one.planes == (2,)


def test_the_axes_of_the_data_page_count(
    viewer: ViewerModel, session: Session, noisy: np.ndarray[Any, Any]
) -> None:
    layer = viewer.add_image(np.stack([noisy] * 3))
    assert axes_of(session, layer) == "CYX"
    session.axes, session.sources = "ZYX", (Source.of_layer(layer),)
    assert axes_of(session, layer) == "ZYX"


def test_files_are_denoised_without_a_layer(
    viewer: ViewerModel,
    session: Session,
    denoiser: Denoiser,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    session.files = ("/data/cells.tif",)
    session.images = open_images(noisy, axes="YX")
    jobs = jobs_of(viewer, session, [], settings())
    denoiser.run(jobs, frozenset({"mean"}))
    until(lambda: not denoiser.is_running)
    assert len(viewer.layers) == 1
    assert viewer.layers[0].data.shape == (64, 64)


def test_the_model_is_described(page: DenoisePage, session: Session) -> None:
    card = page.model_card
    assert card._words.text() == "DivNoising, depth 2, 7 steps"
    assert card._noise.text().startswith("Noise: Gaussian")
    session.model = None
    assert card._words.text().startswith("No model yet")
