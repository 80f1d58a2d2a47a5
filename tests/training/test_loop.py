from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from napari_divnoise.images import Normalization, estimate_normalization
from napari_divnoise.noise import GaussianNoiseModel
from napari_divnoise.posterior import PosteriorSampler
from napari_divnoise.training import Progress, Trainer, TrainingConfig

NOISE = GaussianNoiseModel(0.0, 400.0, 1.0, (0, 255))


def scene(size: int = 160, n: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Smooth blobs of 100 to 200 grey values under Gaussian noise of std 20."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size] / size
    truth = 150 + 50 * np.sin(6 * np.pi * y) * np.cos(4 * np.pi * x)
    noisy = truth + rng.normal(0, 20, (n, size, size))
    return np.clip(noisy, 0, 255).astype(np.uint8), truth


def config(**settings: Any) -> TrainingConfig:
    base = {
        "n_steps": 30,
        "batch_size": 4,
        "patch_size": 32,
        "n_filters": 8,
        "z_channels": 8,
        "kl_warmup_steps": 10,
        "validate_every": 10,
        "device": "cpu",
        "precision": "float32",
        "seed": 1,
    }
    return TrainingConfig(**{**base, **settings})


def trainer(images: Any = None, noise: Any = NOISE, **settings: Any) -> Trainer:
    images = scene()[0] if images is None else images
    return Trainer(images, estimate_normalization(images), noise, config(**settings))


def weights(made: Trainer) -> dict[str, torch.Tensor]:
    return made.averaged().state_dict()


def finish(made: Trainer) -> list[Progress]:
    return list(made.run())


@pytest.mark.slow
def test_a_trained_network_is_nearer_to_the_truth_than_the_observation() -> None:
    images, truth = scene()
    made = trainer(images, n_steps=400, learning_rate=4e-3, n_filters=16)
    reports = finish(made)
    drawn = PosteriorSampler(
        made.best(), made.normalization, images[0], device="cpu", precision="float32"
    )
    mmse = drawn.samples(range(16)).mean(axis=0)
    noisy_error = np.sqrt(np.mean((images[0] - truth) ** 2))
    error = np.sqrt(np.mean((mmse - truth) ** 2))
    assert error < 0.4 * noisy_error
    assert reports[-1].rate > 1e-3
    # The entropy of the noise is the best that any distortion can reach.
    entropy = 0.5 * math.log(2 * math.pi * math.e * 400)
    assert entropy - 0.1 < reports[-1].distortion < entropy + 0.3


def test_progress_tells_the_terms_of_the_loss_and_ends_at_the_last_step() -> None:
    reports = finish(trainer(kl_warmup_steps=0))
    last = reports[-1]
    assert last.step == last.n_steps == 30
    assert last.fraction == 1
    assert last.eta_s == 0
    assert last.loss == pytest.approx(last.distortion + last.rate, rel=1e-4)
    assert last.validation_loss is not None
    assert last.kl_weight == 1
    assert last.as_dict()["step"] == 30


def test_same_seed_same_model() -> None:
    first, again, other = trainer(), trainer(), trainer(seed=2)
    for made in (first, again, other):
        finish(made)
    ours, theirs = weights(first), weights(other)
    assert all(torch.equal(v, weights(again)[k]) for k, v in ours.items())
    assert not all(torch.equal(v, theirs[k]) for k, v in ours.items())


def test_training_leaves_the_random_state_of_the_process_alone() -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    finish(trainer(n_steps=3))
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("noise", [NOISE, "learn"])
def test_a_resumed_training_gives_what_an_uninterrupted_one_gives(noise: Any) -> None:
    whole = trainer(noise=noise)
    finish(whole)
    first = trainer(noise=noise)
    progress = first.run()
    while first.step < 13:
        first._guarded_step()
        if first.step % 10 == 0:
            first._validate()
    progress.close()
    second = trainer(noise=noise)
    second.load_state(first.state())
    assert second.step == 13
    finish(second)
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(second)[name]), name
    best = second.best().state_dict()
    assert all(torch.equal(v, best[k]) for k, v in whole.best().state_dict().items())


def test_a_state_of_another_network_is_refused() -> None:
    state = trainer().state()
    with pytest.raises(ValueError, match="belongs to another network"):
        trainer(n_filters=4).load_state(state)


def test_the_learnt_noise_comes_close_to_the_true_one() -> None:
    made = trainer(noise="learn", n_steps=150, learning_rate=4e-3)
    finish(made)
    learnt = made.noise_model
    assert learnt is not None
    std = float(np.sqrt(learnt.variance(np.float32([150]))[0]))
    assert std == pytest.approx(20, rel=0.15)


def test_the_vanilla_vae_needs_no_noise_model() -> None:
    made = trainer(noise=None, method="vae")
    assert finish(made)[-1].step == 30
    assert made.noise_model is None
    assert made.averaged().out_channels == 2


def test_divnoising_without_a_noise_model_is_refused() -> None:
    with pytest.raises(ValueError, match=r"needs a noise model, got None.*learn"):
        trainer(noise=None)


def test_time_is_up_at_max_minutes_and_the_learning_rate_is_at_its_end() -> None:
    made = trainer(n_steps=1_000_000, max_minutes=0.01)
    last = finish(made)[-1]
    assert 0.6 <= last.elapsed_s < 5
    assert last.fraction == 1
    assert last.learning_rate < 1e-6


def test_not_finite_steps_are_skipped_and_after_three_the_training_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = trainer()
    original, bad = made._stream.batch, {5, 6, 7, 12}

    def spoilt(step: int, n: int) -> torch.Tensor:
        patches = original(step, n)
        return patches * math.nan if step in bad else patches

    monkeypatch.setattr(made._stream, "batch", spoilt)
    monkeypatch.setattr("napari_divnoise.training.loop.YIELD_EVERY_S", 0)
    reports = finish(made)
    told = [report.message for report in reports if report.message]
    assert len(told) == 1
    assert "half the learning rate (try 1 of 3)" in told[0]
    assert reports[-1].n_skipped == 4
    assert math.isfinite(reports[-1].loss)
    assert all(torch.isfinite(value).all() for value in weights(made).values())


def test_a_training_that_is_never_finite_ends_with_advice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = trainer()
    monkeypatch.setattr(
        made._stream, "batch", lambda step, n: torch.full((n, 1, 32, 32), math.nan)
    )
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        finish(made)


def test_out_of_memory_halves_the_batch_and_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = trainer(batch_size=8)
    original = made._stream.batch

    def greedy(step: int, n: int) -> torch.Tensor:
        if n > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(step, n)

    monkeypatch.setattr(made._stream, "batch", greedy)
    reports = finish(made)
    told = [report.message for report in reports if report.message]
    assert len(told) == 2
    assert "going on with 2 patches in a step instead of 4" in told[1]
    assert reports[-1].batch_size == 2
    assert reports[-1].step == 30


def test_another_error_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer()

    def broken(step: int, n: int) -> torch.Tensor:
        raise RuntimeError("something else")

    monkeypatch.setattr(made._stream, "batch", broken)
    with pytest.raises(RuntimeError, match="something else"):
        finish(made)


@pytest.mark.parametrize("size", [32, 36, 64])
def test_one_small_image_is_enough(size: int) -> None:
    made = trainer(scene(size, 1)[0], patch_size=64, n_steps=3)
    assert made.patch_size == size // 4 * 4
    assert finish(made)[-1].validation_loss is None


@pytest.mark.parametrize(
    ("size", "settings"),
    [
        (128, {"patch_size": 128}),
        (128, {"patch_size": 64, "validation_fraction": 0.5}),
        (200, {"patch_size": 256}),
    ],
)
def test_patches_shrink_until_they_fit_beside_the_validation_block(
    size: int, settings: dict[str, Any]
) -> None:
    made = trainer(scene(size, 1)[0], n_steps=2, **settings)
    assert 32 <= made.patch_size < settings["patch_size"]
    assert finish(made)[-1].validation_loss is not None


def test_too_small_an_image_is_refused() -> None:
    images = scene(64)[0][:, :31]
    with pytest.raises(ValueError, match="at least 32 x 32 pixels, got 31 x 64"):
        Trainer(images, Normalization(100, 20), NOISE, config())


@pytest.mark.parametrize("dtype", ["uint16", "float64", "int16"])
def test_images_of_any_type_train_and_are_not_changed(dtype: str) -> None:
    images = scene()[0].astype(dtype)
    before = images.copy()
    finish(trainer(images, n_steps=3))
    assert np.array_equal(images, before)


def test_the_average_follows_the_weights() -> None:
    made = trainer(n_steps=60)
    finish(made)
    averaged = weights(made)
    newest = made._learner.network.state_dict()
    distance = max(float((averaged[k] - newest[k]).abs().max()) for k in newest)
    assert 0 < distance < 0.2
