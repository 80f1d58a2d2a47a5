"""The fit finds the noise that was put in, and its pictures show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.images import open_images
from napari_divnoise.noise import GaussianNoiseModel, joint_histogram, save_noise_model
from napari_divnoise.widgets._noise_fit import (
    Fitted,
    Recipe,
    curve_of,
    density_at,
    fit,
    picture_of,
    read,
    share_outside,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

GAIN, OFFSET, READ_NOISE = 2.0, 100.0, 3.0


def finish(generator: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def film() -> np.ndarray[Any, Any]:
    """Sixteen exposures of a ramp: variance is gain * signal + read noise squared."""
    rng = np.random.default_rng(0)
    photons = np.linspace(5, 200, 64 * 64).reshape(64, 64)
    frames = GAIN * rng.poisson(photons, (16, 64, 64))
    return np.asarray(OFFSET + frames + rng.normal(0, READ_NOISE, frames.shape))


def variance(signal: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return GAIN * (signal - OFFSET) + READ_NOISE**2


@pytest.mark.parametrize("kind", ["mixture", "gaussian"])
def test_the_noise_of_a_still_scene_is_found(
    kind: Any, film: np.ndarray[Any, Any]
) -> None:
    fitted: Fitted = finish(fit(Recipe(film, "NYX", kind=kind)))
    signal = np.array([150.0, 300.0, 450.0], np.float32)
    np.testing.assert_allclose(
        fitted.noise_model.variance(signal), variance(signal), rtol=0.12
    )
    assert fitted.report is not None
    assert fitted.report.grade in ("good", "fair")


def test_a_clean_image_gives_the_same_noise(film: np.ndarray[Any, Any]) -> None:
    signal = OFFSET + GAIN * np.linspace(5, 200, 64 * 64).reshape(64, 64)
    fitted = finish(fit(Recipe(film, "NYX", signal=signal, kind="gaussian")))
    at = np.array([300.0], np.float32)
    np.testing.assert_allclose(fitted.noise_model.variance(at), variance(at), rtol=0.08)


def test_enough_ends_the_fit_with_the_best_so_far(film: np.ndarray[Any, Any]) -> None:
    recipe = Recipe(film, "NYX")
    steps = fit(recipe)
    first = next(step for step in steps if step is not None)
    recipe.enough.set()
    assert finish(steps).noise_model is first.noise_model


def test_images_of_other_places_are_refused(film: np.ndarray[Any, Any]) -> None:
    with pytest.raises(ValueError, match="32"):
        finish(fit(Recipe(film, "NYX", signal=np.ones((32, 32)))))


def test_the_picture_has_its_ridge_where_nothing_was_added(
    film: np.ndarray[Any, Any],
) -> None:
    picture = picture_of(joint_histogram(film, film.mean(axis=0)))
    n_signal, n_residual = picture.counts.shape
    assert picture.counts.min() >= 0
    assert picture.counts.max() <= 1
    ridge = picture.counts[n_signal // 10].argmax() / n_residual
    assert ridge == pytest.approx(0.5, abs=0.1)


def test_measured_density_is_one_in_all_and_as_wide_as_the_noise(
    film: np.ndarray[Any, Any],
) -> None:
    pairs = joint_histogram(np.round(film).astype(np.uint16), film.mean(axis=0))
    edges, density = density_at(pairs, 300.0)
    centres, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    assert (density * widths).sum() == pytest.approx(1)
    mean = (density * widths * centres).sum()
    spread = (density * widths * (centres - mean) ** 2).sum()
    assert spread == pytest.approx(variance(np.array(300.0)), rel=0.25)


def test_grey_values_are_shared_fairly_among_the_bars() -> None:
    rng = np.random.default_rng(1)
    signal = np.full((64, 64), 200.0) + np.linspace(0, 0.5, 64)
    observed = rng.integers(180, 221, (20, 64, 64)).astype(np.uint16)
    edges, density = density_at(joint_histogram(observed, signal), 200.0)
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


def test_pixels_beyond_the_model_are_counted() -> None:
    model = GaussianNoiseModel(0.0, 1.0, 1.0, (100.0, 200.0))
    pixels = np.full((2, 64, 64), 150.0, np.float32)
    pixels[:, :16] = 400
    assert finish(share_outside(model, open_images(pixels, axes="NYX"))) == 0.25
