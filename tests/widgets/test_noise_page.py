"""The Noise page: measured, read, given or learned, and the way out if it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.images import open_images
from napari_divnoise.noise import (
    GaussianNoiseModel,
    load_noise_model,
    save_noise_model,
)
from napari_divnoise.session import Session
from napari_divnoise.widgets.noise_page import NoisePage

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel
    from pytestqt.qtbot import QtBot


@pytest.fixture
def session(noisy: np.ndarray[Any, Any]) -> Session:
    return Session(images=open_images(noisy, axes="YX"), axes="YX")


@pytest.fixture
def page(qtbot: QtBot, viewer: ViewerModel, session: Session) -> NoisePage:
    page = NoisePage(viewer, session)
    qtbot.addWidget(page)
    for event in ("inserted", "removed", "renamed"):
        getattr(viewer.layers.events, event).connect(page.reset_choices)
    return page


@pytest.fixture
def film() -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(0)
    signal = np.linspace(80, 200, 64 * 64).reshape(64, 64)
    return rng.poisson(signal, (10, 64, 64)).astype(np.uint16)


def test_at_first_the_noise_is_learned(page: NoisePage, session: Session) -> None:
    assert page.chosen_way() == "learn"
    assert session.noise_model == "learn"
    assert page.reason() == ""
    assert page.save_button.isHidden()


def test_a_calibration_stack_is_fitted_and_judged(
    page: NoisePage,
    viewer: ViewerModel,
    session: Session,
    film: np.ndarray[Any, Any],
    until: Any,
) -> None:
    viewer.add_image(film, name="film")
    page.choose_way("calibration")
    assert page.reason() == "Fit the noise model first."
    assert page.calibration.observation.value().name == "film"
    page.fit_button.click()
    assert page.reason() == "Wait for the fit, or stop it."
    until(lambda: session.noise_model is not None)
    model = session.noise_model
    at = np.array([150.0], np.float32)
    np.testing.assert_allclose(model.variance(at), 150, rtol=0.15)
    assert page.reason() == ""
    assert page.view.badge.text()
    until(lambda: "of your pixels" in page.view.coverage._words.text())


def test_a_clean_image_is_fitted(
    page: NoisePage,
    viewer: ViewerModel,
    session: Session,
    film: np.ndarray[Any, Any],
    until: Any,
) -> None:
    noisy = viewer.add_image(film[0], name="noisy")
    clean = viewer.add_image(film.mean(axis=0), name="clean")
    page.choose_way("pairs")
    page.pairs.kind.setValue("gaussian")
    page.pairs.observation.setValue(noisy)
    page.pairs.signal.setValue(clean)
    page.fit_button.click()
    until(lambda: isinstance(session.noise_model, GaussianNoiseModel))


def test_a_fit_that_cannot_be_says_why_at_its_form(
    page: NoisePage, viewer: ViewerModel, film: np.ndarray[Any, Any]
) -> None:
    page.choose_way("pairs")
    page.fit_button.click()
    assert page.pairs.problem.text() == "Choose the noisy layer."
    noisy = viewer.add_image(film[0], name="noisy")
    small = viewer.add_image(film[0, :32, :32], name="small")
    page.pairs.observation.setValue(noisy)
    page.pairs.signal.setValue(noisy)
    page.fit_button.click()
    assert "the same layer" in page.pairs.problem.text()
    page.pairs.signal.setValue(small)
    page.fit_button.click()
    assert "noisy has 64x64 pixels and small 32x32" in page.pairs.problem.text()


def test_a_still_scene_that_is_one_constant_is_refused_in_words(
    page: NoisePage, viewer: ViewerModel, session: Session, until: Any
) -> None:
    viewer.add_image(np.full((9, 64, 64), 7, np.uint16), contrast_limits=(0, 9))
    page.choose_way("calibration")
    page.fit_button.click()
    until(lambda: page.calibration.problem.text())
    assert session.noise_model is None
    assert page.fit_button.text() == "Fit"


def test_turning_to_another_way_forgets_the_fit(
    page: NoisePage,
    viewer: ViewerModel,
    session: Session,
    film: np.ndarray[Any, Any],
    qtbot: QtBot,
) -> None:
    viewer.add_image(film)
    page.choose_way("calibration")
    page.fit_button.click()
    page.choose_way("learn")
    qtbot.wait(300)
    assert session.noise_model == "learn"
    assert not page.work.is_fitting


def test_a_file_is_read_shown_and_saved_again(
    page: NoisePage, session: Session, tmp_path: Path, until: Any
) -> None:
    model = GaussianNoiseModel(2.0, -50.0, 1.0, (80.0, 200.0))
    path = save_noise_model(model, tmp_path / "camera")
    page.choose_way("file")
    assert page.reason() == "Choose a noise-model file."
    page.file.setValue(str(path))
    until(lambda: session.noise_model is not None)
    assert model.describe() in page.view._about.text()
    copy = tmp_path / "copy.npz"
    page.save(str(copy))
    until(copy.exists)
    assert load_noise_model(copy).describe() == model.describe()


@pytest.mark.parametrize("content", [None, b"no archive"])
def test_a_bad_file_is_told_at_the_field(
    page: NoisePage, session: Session, tmp_path: Path, until: Any, content: Any
) -> None:
    path = tmp_path / "camera.npz"
    if content is not None:
        path.write_bytes(content)
    page.choose_way("file")
    page.file.setValue(str(path))
    until(lambda: page.file.problem.text())
    assert "camera.npz" in page.file.problem.text()
    assert session.noise_model is None


def test_numbers_make_a_model_at_once(
    page: NoisePage, session: Session, until: Any
) -> None:
    page.choose_way("numbers")
    until(lambda: isinstance(session.noise_model, GaussianNoiseModel))
    page.numbers.slope.setValue(3)
    until(lambda: "3" in session.noise_model.describe())
    at = np.array([100.0], np.float32)
    np.testing.assert_allclose(session.noise_model.variance(at), 300, rtol=1e-5)


def test_the_baseline_needs_no_noise_model(page: NoisePage, session: Session) -> None:
    page.choose_way("file")
    assert page.reason()
    session.method = "vae"
    assert page.reason() == ""
    assert not page._not_needed.isHidden()
    assert page._card.isHidden()


def test_a_model_that_was_dropped_on_napari_is_shown(
    page: NoisePage, session: Session, until: Any
) -> None:
    session.noise_model = GaussianNoiseModel(2.0, -50.0, 1.0, (80.0, 200.0))
    assert page.chosen_way() == "file"
    until(lambda: "Gaussian" in page.view._about.text())
