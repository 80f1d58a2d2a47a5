"""Models that give one picture and no samples, and those with pixels on their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.session import session_of
from napari_divnoise.widgets._model_card import model_words
from napari_divnoise.widgets.denoise_page import NO_POSTERIOR, DenoisePage

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from pytestqt.qtbot import QtBot

    from napari_divnoise.runs import Model
    from napari_divnoise.session import Session
    from napari_divnoise.widgets._denoiser import Denoiser

EXACT: dict[str, Any] = {"device": "cpu"}


def unet_model(method: Any, n_outputs: int) -> Model:
    """A U-Net that has never learned, with a noise model if it needs one."""
    from napari_divnoise.images import Normalization
    from napari_divnoise.networks import build_network
    from napari_divnoise.noise import GaussianNoiseModel
    from napari_divnoise.runs import Model
    from napari_divnoise.training import TrainingConfig

    network = build_network("unet", n_filters=4, out_channels=n_outputs)
    noise = GaussianNoiseModel(1.0, 0.0, 1.0, (90.0, 170.0))
    return Model(
        network=network.eval().requires_grad_(requires_grad=False),
        normalization=Normalization(120.0, 30.0),
        noise_model=noise if method == "pn2v" else None,
        config=TrainingConfig(method=method, n_filters=4),
        record={"step": 7, "images": {"range": [60.0, 220.0]}},
    )


@pytest.fixture
def session(viewer: ViewerModel) -> Session:
    session = session_of(viewer)
    session.model = unet_model("n2v", 1)
    return session


@pytest.fixture
def page(
    qtbot: QtBot, viewer: ViewerModel, session: Session, denoiser: Denoiser
) -> DenoisePage:
    page = DenoisePage(viewer, session, denoiser)
    qtbot.addWidget(page)
    viewer.layers.events.inserted.connect(page.reset_choices)
    return page


def test_what_a_model_without_samples_cannot_give_is_greyed_with_the_reason(
    page: DenoisePage, session: Session, model: Model
) -> None:
    fields = [page.outputs["std"], page.outputs["samples"], page.quantiles]
    fields += [page.n_samples, page.seed]
    assert not any(field.isEnabled() for field in fields)
    assert all(field.toolTip() == NO_POSTERIOR for field in fields)
    assert page.outputs["mean"].isEnabled()
    assert page._no_samples.text() == NO_POSTERIOR
    session.model = model
    assert all(field.isEnabled() for field in fields)
    assert NO_POSTERIOR not in {field.toolTip() for field in fields}
    assert page._no_samples.text() == ""


def test_the_mean_must_be_ticked_if_there_is_nothing_else(
    page: DenoisePage, viewer: ViewerModel, noisy: np.ndarray[Any, Any]
) -> None:
    viewer.add_image(noisy, name="cells")
    assert page.reason() == ""
    page.outputs["mean"].setChecked(False)
    assert page.reason() == "Choose something to show."


def test_noise2void_denoises_a_stack_into_one_layer(
    page: DenoisePage,
    denoiser: Denoiser,
    session: Session,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    stack = np.stack([noisy, noisy[::-1]] * 4)
    viewer.add_image(stack, name="cells")
    page.quantiles.setChecked(True)
    page.run_button.click()
    until(lambda: not denoiser.is_running)
    assert [layer.name for layer in viewer.layers] == ["cells", "cells · mean"]
    assert session.model is not None
    expected = session.model.denoise(stack, axes="NYX", **EXACT)
    np.testing.assert_allclose(viewer.layers[1].data, expected, rtol=1e-5)
    assert session.posterior is None
    assert denoiser.has_finished
    assert page._numbers.text() == "100% denoised, in one pass without samples"


def test_a_half_denoised_image_says_so(
    page: DenoisePage,
    denoiser: Denoiser,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    stack = np.tile(noisy, (60, 8, 8))
    viewer.add_image(stack, name="cells")
    page.run_button.click()
    until(lambda: denoiser.step is not None)
    page.cancel_button.click()
    until(lambda: not denoiser.is_running)
    assert denoiser.step is not None
    assert denoiser.step.fraction < 1
    assert viewer.layers[1].name == "cells · mean, where it is denoised"


def test_probabilistic_noise2void_shows_samples_around_its_exact_mean(
    page: DenoisePage,
    denoiser: Denoiser,
    session: Session,
    viewer: ViewerModel,
    noisy: np.ndarray[Any, Any],
    until: Any,
) -> None:
    session.model = unet_model("pn2v", 12)
    viewer.add_image(noisy, name="cells")
    page.n_samples.setValue(10)
    page.run_button.click()
    until(lambda: not denoiser.is_running)
    names = [layer.name for layer in viewer.layers][1:]
    assert names == ["cells · mean", "cells · samples", "cells · std"]
    expected = session.model.denoise(noisy, **EXACT)
    np.testing.assert_allclose(viewer.layers[1].data, expected, rtol=1e-4)
    assert session.posterior is not None


def test_a_model_is_called_by_the_name_of_its_method() -> None:
    words = model_words(unet_model("pn2v", 12))
    assert words == "PN2V, depth 2, 7 steps"
