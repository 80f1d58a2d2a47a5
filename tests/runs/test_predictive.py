"""Is what is left over noise? On scenes of which one knows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise import fit, predictive_check
from napari_divnoise.noise import GaussianNoiseModel

if TYPE_CHECKING:
    from napari_divnoise import Model

STD = 6.0
RIGHT = GaussianNoiseModel(0.0, STD**2, 1e-3, (0.0, 200.0))


def scene(size: int = 128) -> np.ndarray[Any, Any]:
    """Return a blank field, which a small network finds within a second."""
    return np.full((size, size), 100, np.float32)


def observed(seed: int = 0) -> np.ndarray[Any, Any]:
    """Return the scene with the noise that `RIGHT` states."""
    noise = np.random.default_rng(seed).normal(0, STD, scene().shape)
    return (scene() + noise).astype(np.float32)


@pytest.fixture(scope="module")
def trained() -> Model:
    """A model that knows the scene."""
    return fit(
        observed(),
        noise_model=RIGHT,
        preset="quick",
        n_steps=100,
        batch_size=4,
        patch_size=32,
        n_filters=8,
        z_channels=8,
        validation_fraction=0.0,
        device="cpu",
        precision="float32",
        max_minutes=10.0,
    )


def test_noise_as_stated_is_good(trained: Model) -> None:
    check = predictive_check(trained, observed(), seed=1)
    assert check.grade == "good", check.verdict
    assert "as the noise model states" in check.verdict
    assert check.spread == pytest.approx(1, abs=0.1)
    assert check.pit_counts.sum() == pytest.approx(1)
    assert np.abs(check.pit_counts * 20 - 1).max() < 0.25


@pytest.mark.parametrize(("factor", "words"), [(4, "too much"), (0.25, "too little")])
def test_a_noise_model_that_is_wrong_is_named(
    trained: Model, factor: float, words: str
) -> None:
    wrong = GaussianNoiseModel(0.0, factor * STD**2, 1e-3, (0.0, 200.0))
    check = predictive_check(replace(trained, noise_model=wrong), observed())
    assert check.grade == "poor"
    assert f"{words} noise" in check.verdict
    assert check.spread == pytest.approx(1 / factor, rel=0.15)
    assert check.pit_p_value == pytest.approx(1 / 21)
    assert (check.pit_counts[[0, -1]].mean() > 0.05) == (factor < 1)


def test_rows_that_go_together_are_named(trained: Model) -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, STD * 0.8, (128, 128)) + rng.normal(0, STD * 0.6, (128, 1))
    check = predictive_check(trained, (scene() + noise).astype(np.float32))
    assert check.grade == "poor"
    assert check.row_ratio > 5 > check.column_ratio
    assert check.p_values["rows"] == pytest.approx(1 / 21)


def test_structure_that_is_not_in_the_samples_is_named(trained: Model) -> None:
    y, x = np.mgrid[:128, :128]
    texture = 6 * np.sin(0.7 * x) * np.sin(0.9 * y)
    check = predictive_check(trained, (observed() + texture).astype(np.float32))
    assert check.grade != "good"
    assert "structure" in check.verdict


def test_the_same_seed_gives_the_same_check_and_it_goes_into_json(
    trained: Model,
) -> None:
    first, second = (
        predictive_check(trained, observed()[:64, :64], n_samples=5, seed=4)
        for _ in range(2)
    )
    assert json.loads(json.dumps(first.as_dict())) == second.as_dict()


def test_a_stack_is_looked_at_image_by_image(trained: Model) -> None:
    stack = np.stack([observed(n) for n in range(3)])
    check = predictive_check(trained, stack, axes="TYX", n_samples=5)
    assert check.grade == "good", check.verdict


def test_what_cannot_be_checked_is_refused(trained: Model) -> None:
    vae = replace(trained, noise_model=None)
    with pytest.raises(ValueError, match="states no noise model"):
        predictive_check(vae, observed())
    with pytest.raises(ValueError, match="at least 4, got 2"):
        predictive_check(trained, observed(), n_samples=2)
    holes = observed()
    holes[5, 5] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        predictive_check(trained, holes)
