"""The Noise page: made, measured, read, given or learned, and the way out if not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_divnoise.images import open_images
from napari_divnoise.noise import (
    GaussianNoiseModel,
    load_noise_model,
    save_noise_model,
)
from napari_divnoise.runs.library import NoiseLibrary
from napari_divnoise.session import Session
from napari_divnoise.training import METHODS, needs_noise_model
from napari_divnoise.widgets._noise_ways import NOT_NEEDED, WAYS, WHEN
from napari_divnoise.widgets._processes import can_start_processes
from napari_divnoise.widgets.noise_page import NoisePage

from .test_noise_fit import photons

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel
    from pytestqt.qtbot import QtBot

    from napari_divnoise.images import NoiseReport
    from napari_divnoise.runs import Model


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
    return rng.poisson(80 + 0.6 * photons(), (10, 64, 64)).astype(np.uint16)


@pytest.fixture
def camera() -> GaussianNoiseModel:
    """The camera of the noisy image: Poisson noise."""
    return GaussianNoiseModel(1.0, 0.0, 1.0, (80.0, 250.0))


@pytest.fixture
def report(noisy: np.ndarray[Any, Any]) -> NoiseReport:
    from napari_divnoise.images import inspect_noise

    rng = np.random.default_rng(1)
    y, x = np.mgrid[:256, :256]
    signal = 100.0 + 60 * np.sin(x / 30) * np.sin(y / 30)
    return inspect_noise(rng.poisson(signal).astype(np.uint16))


# ------------------------------------------------------------------ sources


def test_at_first_it_is_made_from_the_noisy_images(
    page: NoisePage, session: Session
) -> None:
    assert page.chosen_way() == "bootstrap"
    assert session.noise_model is None
    assert page.reason() == "Press Make noise model first."
    assert "64x64" in page.ways.bootstrap._about.text()
    assert page.keep.isHidden()
    assert set(WHEN) == set(WAYS)
    session.images = None
    page.run_row.start_button.click()
    assert page.ways.bootstrap.problem.text() == "Choose images on the Data page first."


def test_learning_needs_nothing_more(page: NoisePage, session: Session) -> None:
    page.choose_way("learn")
    assert session.noise_model == "learn"
    assert page.reason() == ""
    assert page.run_row.isHidden()
    assert page.ways.kind.isHidden()


def test_what_was_learnt_along_is_shown_and_can_be_kept(
    page: NoisePage, session: Session, model: Model, tmp_path: Path, until: Any
) -> None:
    page.choose_way("learn")
    assert page.keep.isHidden()
    session.model = model
    until(lambda: not page.view.isHidden())
    assert "variance" in page.view._about.text()
    assert not page.keep.isHidden()
    # The next training learns it anew.
    assert session.noise_model == "learn"
    assert page.reason() == ""
    page.keep.save(str(tmp_path / "learnt.npz"))
    until((tmp_path / "learnt.npz").exists)
    kept = load_noise_model(tmp_path / "learnt.npz")
    assert model.noise_model is not None
    assert kept.describe() == model.noise_model.describe()


def test_a_bootstrap_is_watched_and_kept(
    page: NoisePage, session: Session, until: Any
) -> None:
    page.ways.kind.kind.setValue("gaussian")
    page.ways.bootstrap.max_minutes.setValue(0.05)
    assert can_start_processes()
    page.show()
    said: list[str] = []
    page.work.stood.connect(lambda _stand: said.append(page.run_row.text()))
    page.run_row.start_button.click()
    assert page.work.is_fitting
    assert page.reason().startswith("Wait for the noise model")
    losses = page.view.fit_plot._losses
    until(lambda: losses.getData()[0] is not None and len(losses.getData()[0]) > 1)
    until(lambda: session.noise_model is not None)
    assert any(words.startswith("Making a first denoising: ") for words in said)
    assert any(words.startswith("Fitting the noise model: ") for words in said)
    assert isinstance(session.noise_model, GaussianNoiseModel)
    assert page.view.badge.text()
    assert page.view.pairs._image.isVisible()
    assert not page.ways.open_button.isHidden()
    assert page.run_row.start_button.isVisible()


def test_cancel_forgets_at_once(page: NoisePage, session: Session) -> None:
    page.run_row.start_button.click()
    work = page.work._work
    page.run_row.cancel_button.click()
    assert not page.work.is_fitting
    assert work is not None
    assert work.was_stopped
    assert session.noise_model is None
    assert page.view.isHidden()
    assert not page.run_row.start_button.isHidden()
    assert page.reason() == "Press Make noise model first."


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
    assert page.ways.calibration.observation.value().name == "film"
    page.run_row.start_button.click()
    until(lambda: session.noise_model is not None)
    model = session.noise_model
    at = np.array([150.0], np.float32)
    np.testing.assert_allclose(model.variance(at), 150, rtol=0.15)
    assert page.reason() == ""
    assert page.view.badge.text()
    until(lambda: "your pixels" in page.view.coverage.text())
    until(lambda: page.view.density._model.getData()[0] is not None)


@pytest.mark.parametrize("kind", ["histogram", "gaussian"])
def test_a_clean_image_is_fitted_with_any_kind(
    page: NoisePage,
    viewer: ViewerModel,
    session: Session,
    film: np.ndarray[Any, Any],
    until: Any,
    kind: str,
) -> None:
    noisy = viewer.add_image(film, name="noisy")
    clean = viewer.add_image(80 + 0.6 * photons(), name="clean")
    page.choose_way("pairs")
    page.ways.kind.kind.setValue(kind)
    page.ways.pairs.signal_is.setValue("clean")
    page.ways.pairs.observation.setValue(noisy)
    page.ways.pairs.signal.setValue(clean)
    page.run_row.start_button.click()
    until(lambda: session.noise_model is not None)
    assert session.noise_model.kind == kind
    until(lambda: page.view.density._model.getData()[0] is not None)
    assert np.isfinite(page.view.density._model.getData()[1]).all()


def test_a_fit_that_cannot_be_says_why_at_its_form(
    page: NoisePage, viewer: ViewerModel, film: np.ndarray[Any, Any]
) -> None:
    page.choose_way("pairs")
    form = page.ways.pairs
    page.run_row.start_button.click()
    assert form.problem.text() == "Choose the noisy layer."
    noisy = viewer.add_image(film[0], name="noisy")
    small = viewer.add_image(film[0, :32, :32], name="small")
    form.observation.setValue(noisy)
    form.signal.setValue(noisy)
    page.run_row.start_button.click()
    assert "the same layer" in form.problem.text()
    form.signal.setValue(small)
    page.run_row.start_button.click()
    assert "noisy has 64x64 pixels and small 32x32" in form.problem.text()


def test_what_the_fit_complains_of_names_the_layers(
    page: NoisePage, viewer: ViewerModel, film: np.ndarray[Any, Any], until: Any
) -> None:
    page.choose_way("pairs")
    bad = np.where(film[0] > 150, np.nan, film[0])
    page.ways.pairs.observation.setValue(viewer.add_image(film[0], name="raw"))
    page.ways.pairs.signal.setValue(viewer.add_image(bad, name="bad"))
    page.run_row.start_button.click()
    until(lambda: page.ways.pairs.problem.text())
    assert page.ways.pairs.problem.text().startswith("Raw and bad: ")
    assert not page.ways.pairs.problem.isHidden()


def test_a_still_scene_that_is_one_constant_is_refused_in_words(
    page: NoisePage, viewer: ViewerModel, session: Session, until: Any
) -> None:
    viewer.add_image(np.full((9, 64, 64), 7, np.uint16), contrast_limits=(0, 9))
    page.choose_way("calibration")
    page.run_row.start_button.click()
    until(lambda: page.ways.calibration.problem.text())
    assert session.noise_model is None
    assert page.run_row.start_button.text() == "Fit noise model"


def test_turning_to_another_way_forgets_the_fit(
    page: NoisePage,
    viewer: ViewerModel,
    session: Session,
    film: np.ndarray[Any, Any],
    qtbot: QtBot,
) -> None:
    viewer.add_image(film)
    page.choose_way("calibration")
    page.run_row.start_button.click()
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
    page.ways.file.setValue(str(path))
    until(lambda: session.noise_model is not None)
    assert model.describe() in page.view._about.text()
    copy = tmp_path / "copy.npz"
    page.keep.save(str(copy))
    until(copy.exists)
    assert load_noise_model(copy).describe() == model.describe()


def test_a_published_histogram_is_read(
    page: NoisePage, session: Session, tmp_path: Path, until: Any
) -> None:
    # As PN2V writes it: shares of the observations, lower and upper edges of bins.
    edges = np.linspace(80.0, 240.0, 33)
    middle = (edges[1:] + edges[:-1]) / 2
    shares = np.exp(-0.5 * ((middle - middle[:, None]) / 12.0) ** 2)
    shares /= shares.sum(axis=1, keepdims=True)
    lower, upper = (np.repeat(e[:, None], 32, axis=1) for e in (edges[:-1], edges[1:]))
    path = tmp_path / "camera.npy"
    np.save(path, np.stack([shares, lower, upper]))
    page.choose_way("file")
    page.ways.file.setValue(str(path))
    until(lambda: session.noise_model is not None or page.ways.file.problem.text())
    assert page.ways.file.problem.text() == ""
    assert session.noise_model.kind == "histogram"
    until(lambda: page.view.density._model.getData()[0] is not None)
    assert np.isfinite(page.view.density._model.getData()[1]).all()


@pytest.mark.parametrize("content", [None, b"no archive"])
def test_a_bad_file_is_told_at_the_field(
    page: NoisePage, session: Session, tmp_path: Path, until: Any, content: Any
) -> None:
    path = tmp_path / "camera.npz"
    if content is not None:
        path.write_bytes(content)
    page.choose_way("file")
    page.ways.file.setValue(str(path))
    until(lambda: page.ways.file.problem.text())
    assert "camera.npz" in page.ways.file.problem.text()
    assert session.noise_model is None


def test_numbers_make_a_model_at_once(
    page: NoisePage, session: Session, until: Any
) -> None:
    page.choose_way("numbers")
    until(lambda: isinstance(session.noise_model, GaussianNoiseModel))
    page.ways.numbers.slope.setValue(3)
    until(lambda: "3" in session.noise_model.describe())
    at = np.array([100.0], np.float32)
    np.testing.assert_allclose(session.noise_model.variance(at), 300, rtol=1e-5)


@pytest.mark.parametrize("method", ["vae", "n2v"])
def test_some_methods_need_no_noise_model(
    page: NoisePage, session: Session, method: str
) -> None:
    page.choose_way("file")
    assert page.reason()
    session.method = method
    assert page.reason() == ""
    assert not page._not_needed.isHidden()
    assert page._card.isHidden()
    assert set(NOT_NEEDED) == {name for name in METHODS if not needs_noise_model(name)}


def test_a_model_that_was_dropped_on_napari_is_shown(
    page: NoisePage, session: Session, until: Any
) -> None:
    session.noise_model = GaussianNoiseModel(2.0, -50.0, 1.0, (80.0, 200.0))
    assert page.chosen_way() == "file"
    until(lambda: "Gaussian" in page.view._about.text())


# ------------------------------------------------------------------ trust


def test_a_model_of_another_range_blocks_until_it_is_accepted(
    page: NoisePage, session: Session, until: Any, qtbot: QtBot
) -> None:
    page.show()
    session.noise_model = GaussianNoiseModel(1.0, 0.0, 1.0, (1000.0, 2000.0))
    until(lambda: "Only 0 % of your pixels" in page.view.coverage.text())
    assert "below 905" in page.view.coverage.text()
    assert page.reason().startswith("This noise model is poor")
    assert page.view.accept_button.isVisible()
    assert page.view.badge.text().startswith("Poor. It was not measured for")
    assert page.view.badge.property("tone") == "bad"
    with qtbot.waitSignal(page.continueClicked):
        page.view.accept_button.click()
    assert page.reason() == ""
    assert page.view.accept_button.isHidden()


def test_swapped_pairs_are_red(
    page: NoisePage,
    viewer: ViewerModel,
    session: Session,
    film: np.ndarray[Any, Any],
    until: Any,
) -> None:
    noisy = viewer.add_image(film[0], name="noisy")
    shifted = viewer.add_image(film.mean(axis=0) + 30, name="brighter")
    page.choose_way("pairs")
    page.ways.kind.kind.setValue("gaussian")
    page.ways.pairs.observation.setValue(noisy)
    page.ways.pairs.signal.setValue(shifted)
    page.run_row.start_button.click()
    until(lambda: session.noise_model is not None or page.ways.pairs.problem.text())
    said = page.ways.pairs.problem.text() or page.view.badge.text()
    assert not said.startswith("Good.")
    assert said


@pytest.mark.parametrize(
    ("slope", "words"),
    [(1.0, "Good. It states about the noise"), (4.0, "Poor. It states 4 times")],
)
def test_a_model_from_elsewhere_is_compared_with_the_noise_of_the_images(
    page: NoisePage,
    session: Session,
    report: NoiseReport,
    until: Any,
    slope: float,
    words: str,
) -> None:
    session.noise_report = report
    session.noise_model = GaussianNoiseModel(slope, 0.0, 1.0, (40.0, 250.0))
    until(lambda: page.view.badge.text())
    assert page.view.badge.text()[:17] == words[:17]
    assert (page.reason() == "") == (slope == 1)


def test_what_the_fit_remarks_is_shown(
    page: NoisePage, viewer: ViewerModel, film: np.ndarray[Any, Any], until: Any
) -> None:
    viewer.add_image(film[:3], name="short film")
    page.choose_way("calibration")
    page.ways.kind.kind.setValue("gaussian")
    page.run_row.start_button.click()
    until(lambda: "3 frames" in page.view._notes.text())
    assert not page.view._notes.isHidden()


# ------------------------------------------------------------------ library


def test_a_noise_model_is_kept_and_taken_again(
    page: NoisePage, session: Session, camera: GaussianNoiseModel, until: Any
) -> None:
    page.show()
    session.noise_model = camera
    assert page.keep.isVisible()
    page.keep.library_button.click()
    form = page.keep.form
    form.save_button.click()
    assert form.problem.text().startswith("Give it a name")
    form.name.setText("SpinningDisk 2x2")
    form.gain.setText("16 bit")
    form.save_button.click()
    until(form.isHidden)
    assert page.keep.words.text() == "SpinningDisk 2x2 is in the library now."
    (entry,) = NoiseLibrary().entries()
    assert entry.gain == "16 bit"
    page.choose_way("library")
    assert session.noise_model is None
    assert page.reason() == "Choose a noise model from the library."
    until(lambda: page.ways.library.names() == ["SpinningDisk 2x2"])
    assert "gain 16 bit" in page.ways.library.list.item(0).text()
    page.ways.library.list.setCurrentRow(0)
    until(lambda: session.noise_model is not None)
    assert session.noise_model.describe() == camera.describe()


def test_a_name_that_is_taken_can_be_replaced(
    page: NoisePage, session: Session, camera: GaussianNoiseModel, until: Any
) -> None:
    NoiseLibrary().add(camera, name="mine")
    session.noise_model = GaussianNoiseModel(5.0, 0.0, 1.0, (0.0, 99.0))
    form = page.keep.form
    page.keep.library_button.click()
    form.name.setText("mine")
    form.save_button.click()
    until(lambda: "already" in form.problem.text())
    assert not form.replace_button.isHidden()
    form.replace_button.click()
    until(form.isHidden)
    assert NoiseLibrary().load("mine").signal_range == (0.0, 99.0)


def test_deleting_asks_in_place(
    page: NoisePage, camera: GaussianNoiseModel, until: Any
) -> None:
    for name in ("first", "second"):
        NoiseLibrary().add(camera, name=name)
    page.choose_way("library")
    page.library.refresh()
    until(lambda: len(page.ways.library.names()) == 2)
    shelf = page.ways.library
    shelf.choose("first")
    shelf.delete_button.click()
    assert shelf._ask.text() == "Delete first from the library for good?"
    shelf.no_button.click()
    assert len(NoiseLibrary().entries()) == 2
    shelf.delete_button.click()
    shelf.yes_button.click()
    until(lambda: shelf.names() == ["second"])
    assert [entry.name for entry in NoiseLibrary().entries()] == ["second"]


def test_a_damaged_file_is_told_and_the_rest_is_listed(
    page: NoisePage, camera: GaussianNoiseModel, until: Any
) -> None:
    NoiseLibrary().add(camera, name="good")
    (NoiseLibrary().folder / "bad.npz").write_bytes(b"no archive")
    page.choose_way("library")
    page.library.refresh()
    until(lambda: page.ways.library.names() == ["good"])
    assert "bad.npz" in page.ways.library.problem.text()


def test_images_that_look_alike_are_offered_the_known_camera(
    page: NoisePage,
    session: Session,
    camera: GaussianNoiseModel,
    report: NoiseReport,
    until: Any,
) -> None:
    NoiseLibrary().add(camera, name="SpinningDisk 2x2", report=report)
    page.library.refresh()
    session.noise_report = report
    until(lambda: page.offer.offered() == "SpinningDisk 2x2")
    assert "look like SpinningDisk 2x2. Use it?" in page.offer._words.text()
    assert page.chosen_way() == "library"
    page.offer.take_button.click()
    until(lambda: session.noise_model is not None)
    assert session.noise_model.describe() == camera.describe()
    assert page.offer.offered() == ""


def test_a_person_who_has_chosen_is_not_turned_elsewhere(
    page: NoisePage,
    session: Session,
    camera: GaussianNoiseModel,
    report: NoiseReport,
    until: Any,
) -> None:
    NoiseLibrary().add(camera, name="known", report=report)
    page.choose_way("calibration")
    session.noise_report = report
    until(lambda: page.offer.offered() == "known")
    assert page.chosen_way() == "calibration"
    page.offer.close_button.click()
    assert page.offer.offered() == ""


def test_another_camera_is_not_offered(
    page: NoisePage, session: Session, report: NoiseReport, qtbot: QtBot
) -> None:
    NoiseLibrary().add(GaussianNoiseModel(9.0, 0.0, 1.0, (80.0, 250.0)), name="other")
    session.noise_report = report
    with qtbot.waitSignal(page.library.matched) as matched:
        page.library.match(report)
    assert matched.args == [[]]
    assert page.offer.offered() == ""
    assert page.chosen_way() == "bootstrap"


def test_the_library_is_a_folder_of_the_test(home: Path) -> None:
    assert NoiseLibrary().folder == home / "noise-models"
    assert os.environ["DIVNOISE_LIBRARY"] == str(home / "noise-models")


def test_the_source_is_chosen_with_the_keyboard(page: NoisePage, qtbot: QtBot) -> None:
    page.ways.box.setFocus()
    qtbot.keyClick(page.ways.box, Qt.Key.Key_End)
    assert page.chosen_way() == "learn"
