"""A noise model from noisy images alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import ndimage

import napari_divnoise as dn
from napari_divnoise.noise import GaussianNoiseModel, load_pairs, save_pairs
from napari_divnoise.runs import bootstrapping_noise_model, refit_noise_model
from napari_divnoise.runs.preparing import StoppedEarlyError

if TYPE_CHECKING:
    from pathlib import Path

# The tests give it seconds.
pytestmark = pytest.mark.filterwarnings("ignore:the first denoising got only")

GAIN, READ_VARIANCE, OFFSET = 2.0, 9.0, 100.0
LEVELS = np.float32([130, 180, 230])
FAST: dict[str, Any] = {"max_minutes": 0.05, "device": "cpu"}


def variance(signal: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the variance of the noise that `observed` has."""
    return GAIN * (signal - OFFSET) + READ_VARIANCE


def signal(size: int = 96) -> np.ndarray[Any, Any]:
    """Return a smooth scene from 110 to 260 grey values."""
    rough = np.random.default_rng(1).normal(size=(size, size))
    smooth = ndimage.gaussian_filter(rough, 6)
    return (110 + 150 * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


def observed(n: int = 2, size: int = 96) -> np.ndarray[Any, Any]:
    """Return the scene as a camera with shot and read noise shows it, uint16."""
    rng = np.random.default_rng(2)
    electrons = rng.poisson((signal(size) - OFFSET) / GAIN, (n, size, size))
    read = rng.normal(0, READ_VARIANCE**0.5, electrons.shape)
    return np.rint(OFFSET + GAIN * electrons + read).clip(0).astype(np.uint16)


def test_noisy_images_alone_tell_of_the_noise() -> None:
    found = dn.bootstrap_noise_model(observed(), seed=0, n_components=1, **FAST)
    ratio = found.variance(LEVELS) / variance(LEVELS)
    # What the first denoising misses of the signal counts as noise.
    assert (ratio > 0.8).all(), ratio
    assert (ratio < 1.6).all(), ratio


def test_it_is_there_early_and_seen_to_come() -> None:
    steps = list(bootstrapping_noise_model(observed(), kind="gaussian", **FAST))
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)
    models = [n for n, step in enumerate(steps) if step.noise_model is not None]
    assert steps[models[0]].fraction < 0.7
    assert len({id(steps[n].noise_model) for n in models}) >= 2
    assert all(steps[n].pairs is not None and steps[n].nll for n in models)
    assert {"denoising", "fitting"} <= {step.stage for step in steps}
    assert steps[1].loss is not None


def test_a_denoised_image_from_elsewhere_will_do(tmp_path: Path) -> None:
    noisy = observed()
    clean = np.stack([signal(), signal()])
    np.save(tmp_path / "clean.npy", clean)
    found = dn.bootstrap_noise_model(
        noisy, denoised=tmp_path / "clean.npy", kind="gaussian"
    )
    assert found.variance(LEVELS) == pytest.approx(variance(LEVELS), rel=0.1)


def test_a_denoised_image_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 96, 96\).*\(1, 64, 64\)"):
        dn.bootstrap_noise_model(observed(), denoised=signal(64))


def test_images_without_noise_to_learn_are_refused() -> None:
    with pytest.raises(ValueError, match="constant"):
        dn.bootstrap_noise_model(np.full((64, 64), 7, np.uint16), **FAST)
    with pytest.raises(ValueError, match="no noise model of kind 'gmm'"):
        dn.bootstrap_noise_model(
            observed(), denoised=np.stack([signal()] * 2), kind="gmm"
        )


def test_train_makes_its_own_and_keeps_it(tmp_path: Path, tiny: dict[str, Any]) -> None:
    folder = dn.RunFolder(tmp_path / "run")
    tiny["max_minutes"] = 0.1
    reports = dn.train(observed(1, 64), noise_model="bootstrap", run=folder, **tiny)
    first = next(reports)
    assert first.step == 0
    assert first.message is not None
    assert "learning the noise first" in first.message
    while True:
        try:
            next(reports)
        except StopIteration as end:
            model = end.value
            break
    kept = dn.load_noise_model(folder.noise_model_path)
    assert kept.describe() == model.noise_model.describe()
    assert np.allclose(kept.variance(LEVELS), model.noise_model.variance(LEVELS))
    assert folder.state == "finished"


def test_a_stop_before_there_is_anything_says_so(tmp_path: Path) -> None:
    folder = dn.RunFolder(tmp_path / "run")
    reports = dn.train(observed(), noise_model="bootstrap", run=folder, device="cpu")
    next(reports)
    folder.request_stop()
    with pytest.raises(StoppedEarlyError, match="nothing was trained yet"):
        next(reports)


def test_what_was_learnt_along_is_left_as_a_noise_model(
    tmp_path: Path, tiny: dict[str, Any]
) -> None:
    model = dn.fit(observed(1, 64), noise_model="learn", run=tmp_path / "run", **tiny)
    kept = dn.load_noise_model(tmp_path / "run" / "noise_model.npz")
    assert kept.kind == "gaussian"
    assert np.allclose(kept.variance(LEVELS), model.noise_model.variance(LEVELS))


def test_a_second_round_is_offered_where_it_helps(
    tiny: dict[str, Any],
) -> None:
    noisy = observed(1)
    wrong = GaussianNoiseModel(0.0, 40.0, 1.0, (100.0, 300.0))
    model = dn.fit(noisy, noise_model=wrong, **{**tiny, "n_steps": 60})
    refit = refit_noise_model(model, noisy, n_samples=4, n_components=1)
    assert refit.is_better
    assert f"{refit.gain:.3f} nats" in refit.sentence
    again = dn.Model(
        model.network,
        model.normalization,
        refit.noise_model,
        model.config,
        model.record,
    )
    second = refit_noise_model(again, noisy, n_samples=4, n_components=1)
    assert not second.is_better
    assert "keep the one you have" in second.sentence


def test_counted_pairs_go_into_a_file_and_back(tmp_path: Path) -> None:
    *_, last = bootstrapping_noise_model(
        observed(1), denoised=signal(), kind="gaussian"
    )
    assert last.pairs is not None
    path = save_pairs(last.pairs, tmp_path / "pairs.npz")
    again = load_pairs(path)
    for name in ("count", "residual", "signal", "stratum"):
        assert np.array_equal(getattr(again, name), getattr(last.pairs, name))
    assert again.signal_range == last.pairs.signal_range
    assert again.step == last.pairs.step
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="damaged"):
        load_pairs(path)
    with pytest.raises(FileNotFoundError, match="fit again"):
        load_pairs(tmp_path / "none.npz")


def test_a_wrong_word_is_refused_before_a_network_is_trained() -> None:
    with pytest.raises(ValueError, match="no noise model of kind 'gmm'"):
        next(bootstrapping_noise_model(observed(), kind="gmm"))
    with pytest.raises(TypeError, match="n_compnents"):
        next(bootstrapping_noise_model(observed(), n_compnents=2))
    with pytest.raises(ValueError, match="rising percentiles"):
        next(bootstrapping_noise_model(observed(), trim=(90, 10)))
    with pytest.raises(ValueError, match="max_minutes must be above 0, got 0"):
        next(bootstrapping_noise_model(observed(), max_minutes=0))


def test_a_denoised_image_in_other_units_is_refused() -> None:
    with pytest.raises(ValueError, match="different units"):
        dn.bootstrap_noise_model(observed(), denoised=np.stack([signal() / 255] * 2))


def test_a_denoised_channel_goes_with_the_channel_that_was_chosen() -> None:
    noisy = np.stack([observed(1)[0] * 0, observed(1)[0]])
    found = dn.bootstrap_noise_model(
        noisy, axes="CYX", channel=1, denoised=signal(), kind="gaussian"
    )
    assert found.variance(LEVELS) == pytest.approx(variance(LEVELS), rel=0.15)
