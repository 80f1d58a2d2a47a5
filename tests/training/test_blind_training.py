"""Noise2Void and its probabilistic sister through the whole training loop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from napari_divnoise.images import estimate_normalization
from napari_divnoise.networks import UNet
from napari_divnoise.noise import GaussianNoiseModel
from napari_divnoise.posterior import DirectDenoiser, PixelwiseSampler
from napari_divnoise.training import Progress, Trainer, TrainingConfig

NOISE = GaussianNoiseModel(0.0, 400.0, 1.0, (0, 255))
METHODS = ("n2v", "pn2v")
ENTROPY = 0.5 * math.log(2 * math.pi * math.e * 400)
"""Of the noise: what the distortion of a perfect denoiser would be, nats per pixel."""


def scene(size: int = 160, n: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Smooth blobs of 100 to 200 grey values under Gaussian noise of std 20."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size] / size
    truth = 150 + 50 * np.sin(6 * np.pi * y) * np.cos(4 * np.pi * x)
    noisy = truth + rng.normal(0, 20, (n, size, size))
    return np.clip(noisy, 0, 255).astype(np.uint8), truth


def trainer(method: str, noise: Any = NOISE, **settings: Any) -> Trainer:
    images = scene()[0]
    base = {
        "method": method,
        "n_steps": 24,
        "batch_size": 4,
        "patch_size": 32,
        "n_filters": 8,
        "n_pixel_samples": 16,
        "validate_every": 10,
        "device": "cpu",
        "precision": "float32",
        "seed": 1,
    }
    config = TrainingConfig(**{**base, **settings})
    return Trainer(images, estimate_normalization(images), noise, config)


def finish(made: Trainer) -> Progress:
    return list(made.run())[-1]


def weights(made: Trainer) -> dict[str, torch.Tensor]:
    return made.averaged().state_dict()


def denoised(made: Trainer) -> np.ndarray:
    network, picture = made.best(), scene()[0][0]
    assert isinstance(network, UNet)
    exact: dict[str, Any] = {"device": "cpu", "precision": "float32"}
    if made.config.method == "n2v":
        engine: Any = DirectDenoiser(network, made.normalization, picture, **exact)
    else:
        scale = made.normalization
        noise = NOISE.normalized(scale.mean, scale.std)
        engine = PixelwiseSampler(network, noise, scale, picture, **exact)
    (piece,) = engine.pieces()
    image: np.ndarray = engine.exact_mean(piece).numpy()
    return image


@pytest.mark.parametrize("method", METHODS)
def test_denoised_is_nearer_to_the_truth_and_the_loss_near_the_noises_entropy(
    method: str,
) -> None:
    made = trainer(method, n_steps=150, learning_rate=4e-3)
    last = finish(made)
    picture, truth = scene()[0][0], scene()[1]
    error, noisy_error = (
        float(np.sqrt(np.mean((image - truth) ** 2)))
        for image in (denoised(made), picture)
    )
    assert error < 0.4 * noisy_error
    assert last.rate == 0
    assert last.loss == last.distortion
    # In grey values, as every method's: none can be better than the noise itself.
    assert last.validation_loss is not None
    assert ENTROPY - 0.1 < last.validation_loss < ENTROPY + 0.3
    assert ENTROPY - 0.1 < last.distortion < ENTROPY + 0.5


@pytest.mark.parametrize("method", METHODS)
def test_a_resumed_training_gives_what_an_uninterrupted_one_gives(method: str) -> None:
    noise = "learn" if method == "pn2v" else None
    whole = trainer(method, noise)
    finish(whole)
    first = trainer(method, noise)
    progress = first.run()
    while first.step < 13:
        first._guarded_step()
        if first.step % 10 == 0:
            first._validate()
    progress.close()
    second = trainer(method, noise)
    second.load_state(first.state())
    finish(second)
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(second)[name]), name
    best = second.best().state_dict()
    assert all(torch.equal(v, best[k]) for k, v in whole.best().state_dict().items())


@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_model_and_the_random_state_is_left_alone(method: str) -> None:
    before = torch.random.get_rng_state()
    first, again, other = (trainer(method, n_steps=5, seed=s) for s in (1, 1, 2))
    for made in (first, again, other):
        finish(made)
    ours, theirs = weights(first), weights(other)
    assert all(torch.equal(v, weights(again)[k]) for k, v in ours.items())
    assert not all(torch.equal(v, theirs[k]) for k, v in ours.items())
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.gpu
@pytest.mark.parametrize("method", METHODS)
def test_it_trains_on_a_gpu_as_well(method: str) -> None:
    made = trainer(method, n_steps=150, learning_rate=4e-3, device="cuda")
    last = finish(made)
    assert last.validation_loss is not None
    assert ENTROPY - 0.1 < last.validation_loss < ENTROPY + 0.3


def test_the_noise_is_learnt_along_with_a_probabilistic_network() -> None:
    made = trainer("pn2v", "learn", n_steps=150, learning_rate=4e-3)
    finish(made)
    learnt = made.noise_model
    assert learnt is not None
    std = float(np.sqrt(learnt.variance(np.float32([150]))[0]))
    assert std == pytest.approx(20, rel=0.2)


def test_a_probabilistic_network_begins_with_the_grey_values_of_the_images() -> None:
    made = trainer("pn2v", n_pixel_samples=50)
    network = made._learner.network
    assert isinstance(network, UNet)
    assert network.last.bias is not None
    grey = made.normalization.denormalize(network.last.bias.detach().numpy())
    levels = (np.arange(50) + 0.5) / 50
    np.testing.assert_allclose(grey, np.quantile(scene()[0], levels), atol=1e-3)


def test_noise2void_needs_no_noise_model_and_pn2v_says_that_it_does() -> None:
    assert trainer("n2v", None).noise_model is None
    with pytest.raises(ValueError, match=r'"pn2v" needs a noise model.*"n2v"'):
        trainer("pn2v", None)


@pytest.mark.parametrize("method", METHODS)
def test_a_state_of_another_method_is_refused(method: str) -> None:
    state = trainer(method).state()
    other = "n2v" if method == "pn2v" else "divnoising"
    with pytest.raises(ValueError, match="belongs to another network"):
        trainer(other).load_state(state)
