"""One door to all fits; and what they are worth on real images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from scipy import ndimage
from skimage import io

from napari_divnoise.noise import (
    FitProgress,
    GaussianNoiseModel,
    MixtureNoiseModel,
    NoiseModel,
    fit_gaussian,
    fit_mixture,
    fit_noise_model,
    fitting_mixture,
)

if TYPE_CHECKING:
    from pathlib import Path

RNG = np.random.default_rng(0)
SIGNAL = RNG.uniform(100, 500, (60, 80))
FRAMES = RNG.poisson(np.broadcast_to(SIGNAL, (4, 60, 80))).astype(np.uint16)


@pytest.mark.parametrize(
    ("kind", "made"), [("mixture", MixtureNoiseModel), ("gaussian", GaussianNoiseModel)]
)
def test_kinds(kind: str, made: type) -> None:
    model = fit_noise_model(FRAMES, SIGNAL, kind=kind)
    assert isinstance(model, made)
    assert isinstance(model, NoiseModel)
    at = np.array([150.0, 300.0, 450.0])
    np.testing.assert_allclose(model.variance(at), at, rtol=0.1)


def test_default_is_the_mixture_of_three_lines() -> None:
    model = fit_noise_model(FRAMES, SIGNAL)
    assert model.as_arrays()["trained_weight"].shape == (9, 2)
    np.testing.assert_allclose(model.signal_range, (SIGNAL.min(), SIGNAL.max()))


def test_doors_lead_to_the_same_room() -> None:
    settings = {"n_components": 2, "n_coefficients": 3, "trim": (1, 99)}
    one = fit_noise_model(FRAMES, SIGNAL, **settings).describe()
    two = fit_mixture(FRAMES, SIGNAL, **settings).describe()
    *_, last = fitting_mixture(FRAMES, SIGNAL, **settings)
    assert isinstance(last, FitProgress)
    assert one == two == last.noise_model.describe()
    gaussian = fit_noise_model(FRAMES, SIGNAL, kind="gaussian").describe()
    assert gaussian == fit_gaussian(FRAMES, SIGNAL).describe()


def test_unknown_kind() -> None:
    with pytest.raises(ValueError, match="kind 'laplace': choose 'mixture' or 'gauss"):
        fit_noise_model(FRAMES, SIGNAL, kind="laplace")


@pytest.mark.parametrize(("kind", "has"), [("mixture", "tol"), ("gaussian", "min_va")])
def test_unknown_setting(kind: str, has: str) -> None:
    with pytest.raises(TypeError, match=f"has no setting n_gaussians: it has .*{has}"):
        fit_noise_model(FRAMES, SIGNAL, kind=kind, n_gaussians=3)


@pytest.mark.realdata
def test_mixture_beats_the_gaussian_on_frames_it_has_not_seen(
    divnoise_data: Path,
) -> None:
    folder = divnoise_data / "fmd"
    signal = io.imread(folder / "gt" / "Confocal_MICE.png")
    frames = [io.imread(folder / "raw" / f"Confocal_MICE_{n}.png") for n in range(1, 5)]
    nll = {}
    for kind in ("mixture", "gaussian"):
        model = fit_noise_model(np.stack(frames[:3]), signal, kind=kind)
        log_prob = model.log_prob(observation=frames[3], signal=signal)
        nll[kind] = -log_prob.mean(dtype=float)
    assert nll["gaussian"] - nll["mixture"] > 0.12


@pytest.mark.realdata
def test_gain_of_a_real_camera(divnoise_data: Path) -> None:
    file = divnoise_data / "convallaria" / "calibration_diaphragm_1024_uint16.tif"
    image = tifffile.imread(file).astype(np.float32)
    # The scene is out of focus: the mean of the neighbours stands for the signal.
    ring = np.full((7, 7), 1 / 48, np.float32)
    ring[3, 3] = 0
    signal = ndimage.convolve(image, ring)
    slope = ndimage.gaussian_gradient_magnitude(signal, 2)
    flat = slope < np.median(slope)
    model = fit_noise_model(image[flat], signal[flat], kind="gaussian")
    assert model.slope == pytest.approx(52, rel=0.06)
    assert -model.intercept / model.slope == pytest.approx(478, abs=20)


@pytest.mark.parametrize("kind", ["mixture", "gaussian", "histogram"])
def test_a_handful_of_pixels_is_refused(kind: str) -> None:
    signal = np.arange(40.0)
    with pytest.raises(ValueError, match="40 pixels are too few"):
        fit_noise_model(signal + RNG.normal(size=40), signal, kind=kind)
