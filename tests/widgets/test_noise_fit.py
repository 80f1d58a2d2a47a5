"""The fit finds the noise that was put in, and its pictures show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.images import open_images
from napari_divnoise.noise import (
    GaussianNoiseModel,
    joint_histogram,
    save_noise_model,
    share_out_of_range,
)
from napari_divnoise.widgets._noise_fit import (
    TRIM_DENOISED,
    Fitted,
    Kind,
    Recipe,
    Stand,
    fit,
    read,
)
from napari_divnoise.widgets._noise_pictures import (
    Coverage,
    MeasuredDensity,
    cover,
    curve_of,
    picture_of,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

GAIN, OFFSET, READ_NOISE = 2.0, 100.0, 3.0
GAUSSIAN = Kind("gaussian")


def finish(generator: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


def photons() -> np.ndarray[Any, Any]:
    """Return a wavy scene, of 5 to 200 photons."""
    y, x = np.mgrid[:64, :64]
    return np.asarray(102.5 + 97.5 * np.sin(x / 5) * np.cos(y / 7 + x / 11))


@pytest.fixture(scope="module")
def film() -> np.ndarray[Any, Any]:
    """Sixteen exposures of a scene: variance is gain * signal + read noise squared."""
    rng = np.random.default_rng(0)
    frames = GAIN * rng.poisson(photons(), (16, 64, 64))
    return np.asarray(OFFSET + frames + rng.normal(0, READ_NOISE, frames.shape))


def variance(signal: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return GAIN * (signal - OFFSET) + READ_NOISE**2


@pytest.mark.parametrize(
    "kind", [Kind(), GAUSSIAN, Kind("histogram", (("n_bins", 64),))]
)
def test_the_noise_of_a_still_scene_is_found(
    kind: Kind, film: np.ndarray[Any, Any]
) -> None:
    fitted: Fitted = finish(fit(Recipe(film, "NYX", kind=kind)))
    assert fitted.noise_model.kind == kind.name
    signal = np.array([150.0, 300.0, 450.0], np.float32)
    np.testing.assert_allclose(
        fitted.noise_model.variance(signal), variance(signal), rtol=0.2
    )
    assert fitted.report is not None
    assert fitted.report.grade in ("good", "fair")
    assert np.isfinite(fitted.curve.std).all()


def test_settings_reach_the_fit(film: np.ndarray[Any, Any]) -> None:
    kind = Kind("mixture", (("n_components", 1), ("n_coefficients", 3)))
    model = finish(fit(Recipe(film, "NYX", kind=kind))).noise_model
    assert model.describe().startswith("mixture of 1 Gaussians with 3 coefficients")


def test_a_clean_image_gives_the_same_noise(film: np.ndarray[Any, Any]) -> None:
    signal = OFFSET + GAIN * photons()
    fitted = finish(fit(Recipe(film, "NYX", signal=signal, kind=GAUSSIAN)))
    at = np.array([300.0], np.float32)
    np.testing.assert_allclose(fitted.noise_model.variance(at), variance(at), rtol=0.08)


def test_of_a_denoised_image_the_ends_are_left_out(film: np.ndarray[Any, Any]) -> None:
    signal = OFFSET + GAIN * photons()
    recipe = Recipe(film, "NYX", signal=signal, kind=GAUSSIAN, trim=TRIM_DENOISED)
    low, high = finish(fit(recipe)).noise_model.signal_range
    assert low == pytest.approx(np.percentile(signal, 0.5), abs=2)
    assert high == pytest.approx(np.percentile(signal, 99.5), abs=2)


def test_the_fit_says_how_far_it_is(film: np.ndarray[Any, Any]) -> None:
    stands = [s for s in fit(Recipe(film, "NYX")) if isinstance(s, Stand)]
    assert stands[0].words == "Counting the pairs"
    shares = [s.fraction for s in stands[1:]]
    assert shares == sorted(shares)
    assert len(stands[-1].nlls) == len(stands) - 1
    assert f"{stands[-1].nlls[-1, 1]:.4f} nats" in stands[-1].words


def test_enough_ends_the_fit_with_the_best_so_far(film: np.ndarray[Any, Any]) -> None:
    recipe = Recipe(film, "NYX")
    steps = fit(recipe)
    first = next(s.fitted for s in steps if s is not None and s.fitted is not None)
    recipe.enough.set()
    assert finish(steps).noise_model is first.noise_model


def test_images_of_other_places_are_refused_by_name(
    film: np.ndarray[Any, Any],
) -> None:
    recipe = Recipe(film, "NYX", signal=np.ones((32, 32)), names=("raw", "clean"))
    with pytest.raises(ValueError, match=r"raw and clean: .*32"):
        finish(fit(recipe))


@pytest.mark.filterwarnings("error")
def test_warnings_become_notes(film: np.ndarray[Any, Any]) -> None:
    fitted = finish(fit(Recipe(film[:3], "NYX", kind=GAUSSIAN)))
    assert any("3 frames" in note for note in fitted.notes)


def test_the_pictures_have_their_ridge_where_nothing_was_added(
    film: np.ndarray[Any, Any],
) -> None:
    picture = picture_of(joint_histogram(film, film.mean(axis=0)))
    assert picture.noise.min() >= 0
    assert picture.observed.max() == 1
    n_signal, n_residual = picture.noise.shape
    ridge = picture.noise[n_signal // 2].argmax() / n_residual
    assert ridge == pytest.approx(0.5, abs=0.1)
    low, high = picture.observed_range
    cell = picture.observed[n_signal // 2].argmax() / picture.observed.shape[1]
    middle = sum(picture.signal_range) / 2
    assert low + cell * (high - low) == pytest.approx(middle, abs=40)
    assert picture.signal_range[0] < picture.typical < picture.signal_range[1]


def test_measured_density_is_one_in_all_and_as_wide_as_the_noise(
    film: np.ndarray[Any, Any],
) -> None:
    pairs = joint_histogram(np.round(film).astype(np.uint16), film.mean(axis=0))
    edges, density = MeasuredDensity(pairs).at(300.0)
    centres, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    assert (density * widths).sum() == pytest.approx(1)
    mean = (density * widths * centres).sum()
    assert mean == pytest.approx(300, abs=3)
    spread = (density * widths * (centres - mean) ** 2).sum()
    assert spread == pytest.approx(variance(np.array(300.0)), rel=0.15)


def test_grey_values_are_shared_fairly_among_the_bars() -> None:
    rng = np.random.default_rng(1)
    signal = np.full((64, 64), 200.0) + np.linspace(0, 0.5, 64)
    observed = rng.integers(180, 221, (20, 64, 64)).astype(np.uint16)
    pairs = joint_histogram(observed, signal)
    edges, density = MeasuredDensity(pairs).at(200.0)
    inside = density[(edges[:-1] > 181) & (edges[1:] < 220)]
    # One bar with twice the grey values of its neighbours would stand out here.
    assert inside[::2].mean() == pytest.approx(inside[1::2].mean(), rel=0.15)
    assert np.ptp(np.diff(edges)) < 1e-9
    assert np.diff(edges)[0] % 1 == 0


def test_a_file_is_read_and_shown_without_pairs(tmp_path: Path) -> None:
    model = GaussianNoiseModel(2.0, -50.0, 1.0, (100.0, 500.0))
    fitted = finish(read(save_noise_model(model, tmp_path / "camera")))
    assert fitted.pairs is None
    curve = curve_of(model, (100.0, 500.0))
    np.testing.assert_allclose(curve.std**2, 2 * curve.signal - 50, rtol=1e-4)


def test_pixels_beyond_the_model_are_counted_and_found() -> None:
    model = GaussianNoiseModel(0.0, 1.0, 1.0, (100.0, 200.0))
    pixels = np.full((2, 64, 64), 150.0, np.float32)
    pixels[:, :16] = 400
    coverage: Coverage = finish(cover(model, open_images(pixels, axes="NYX")))
    assert coverage.share_outside == 0.25 == share_out_of_range(model, pixels)
    assert coverage.known == (97, 203)
    assert coverage.edges[-1] == 400
    assert coverage.counts[-1] == 2 * 16 * 64
