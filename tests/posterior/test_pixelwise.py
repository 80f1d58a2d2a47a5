from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from scipy import stats

from napari_divnoise.images import Normalization
from napari_divnoise.networks import UNet
from napari_divnoise.noise import GaussianNoiseModel
from napari_divnoise.posterior import PixelwiseSampler
from napari_divnoise.posterior.epsilon import pixel_noise
from napari_divnoise.posterior.pixelwise import quantiles

SCALE = Normalization(mean=500.0, std=80.0)
# Network units, as the sampler is given it.
NOISE = GaussianNoiseModel(0.02, 0.09, 0.01, (-3, 3))
K = 24


def network() -> UNet:
    torch.manual_seed(0)
    made = UNet(n_filters=8, out_channels=K)
    for layer in made.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.normal_(layer.bias, std=0.5)  # type: ignore[arg-type]
    return made


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).poisson(500, shape).astype(np.uint16)


def sampler(picture: np.ndarray, **settings: object) -> PixelwiseSampler:
    settings = {"device": "cpu", "precision": "float32", "likelihood": NOISE} | settings
    likelihood = settings.pop("likelihood")
    return PixelwiseSampler(network(), likelihood, SCALE, picture, **settings)  # type: ignore[arg-type]


def signals_and_weights(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute both by the formula, in float64: ``(K, Y, X)``, network units."""
    x = SCALE.normalize(picture)
    with torch.no_grad():
        signals = network()(torch.from_numpy(x)[None, None])[0].double().numpy()
    variance = np.maximum(0.02 * signals + 0.09, 0.01)
    p = stats.norm.pdf(x, signals, variance**0.5)
    return signals, p / p.sum(0)


def test_the_mean_is_the_weighted_mean_of_the_outputs() -> None:
    picture = image(36, 40)
    signals, weights = signals_and_weights(picture)
    expected = (weights * signals).sum(0) * SCALE.std + SCALE.mean
    made = sampler(picture)
    (piece,) = made.pieces()
    np.testing.assert_allclose(made.exact_mean(piece).numpy(), expected, atol=5e-3)


def test_samples_are_outputs_as_often_as_their_weights_say() -> None:
    picture = image(16, 16)
    signals, weights = signals_and_weights(picture)
    drawn = (sampler(picture).samples(range(1500)) - SCALE.mean) / SCALE.std
    distance = np.abs(drawn[:, None] - signals[None])  # (S, K, Y, X)
    chosen = distance.argmin(1)
    assert distance.min(1).max() < 1e-4
    counts = np.stack([(chosen == k).sum(0) for k in range(K)])
    spread = np.sqrt(1500 * weights * (1 - weights)) + 0.5
    error = (counts - 1500 * weights) / spread
    assert np.abs(error).max() < 6
    assert np.sqrt(np.mean(error**2)) < 1.2


def test_neighbours_are_drawn_independently() -> None:
    drawn = sampler(image(24, 24)).samples(range(400))
    z = (drawn - drawn.mean(0)) / drawn.std(0)
    for other in (np.roll(z, 1, axis=1), np.roll(z, 1, axis=2), np.roll(z, 1, axis=0)):
        assert abs(np.mean(z * other)) < 0.01


def test_sample_37_is_always_sample_37() -> None:
    picture = image(48, 40)
    alone = sampler(picture).sample(37)
    assert np.array_equal(alone, sampler(picture).samples(range(30, 40))[7])
    assert np.abs(alone - sampler(picture).sample(36)).max() > 1
    assert np.abs(alone - sampler(picture, seed=1).sample(37)).max() > 1
    assert alone.dtype == np.float32


def test_tiles_and_regions_equal_the_whole_image() -> None:
    made = sampler(image(120, 100))
    whole = made.samples([0, 5])
    (all_of_it,) = made.pieces()
    mean = made.exact_mean(all_of_it).numpy()
    for piece in made.pieces(50):
        at = (piece.rows, piece.columns)
        assert np.abs(made.exact_mean(piece).numpy() - mean[at]).max() < 1e-2
        part = torch.cat(list(made.draw([0, 5], piece))).numpy()
        # Rounding may exchange one output for the next one where a draw lies between.
        assert np.mean(np.abs(part - whole[(slice(None), *at)]) > 1e-2) < 1e-3
    part = made.samples([5], region=(slice(37, 81), slice(3, 50)))
    assert np.mean(np.abs(part[0] - whole[1, 37:81, 3:50]) > 1e-2) < 1e-3


def test_quantiles_are_the_signals_below_which_the_weights_add_up() -> None:
    generator = torch.Generator().manual_seed(0)
    signals = torch.randn(40, 9, generator=generator)
    weights = torch.rand(40, 9, generator=generator).softmax(1)
    levels = torch.rand(40, 30, generator=generator)
    drawn = quantiles(signals, weights, levels).numpy()
    for pixel in range(40):
        order = np.argsort(signals[pixel].numpy())
        below = np.cumsum(weights[pixel].numpy()[order])
        for level, found in zip(levels[pixel].numpy(), drawn[pixel], strict=True):
            first = int(np.flatnonzero(below >= level)[0])
            assert found == signals[pixel].numpy()[order[first]]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = image(40, 36)
    whole = sampler(picture).samples([0, 1, 2])
    module = "napari_divnoise.posterior.pixelwise"
    monkeypatch.setattr(f"{module}.CANDIDATES_PER_BLOCK", {"cpu": 7 * K})
    monkeypatch.setattr(f"{module}.PIXELS_PER_BATCH", 40 * 36)
    np.testing.assert_allclose(sampler(picture).samples([0, 1, 2]), whole, atol=1e-2)


def test_features_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "napari_divnoise.posterior.pixelwise.CACHED_BYTES", 2 * 64 * 64 * 8 * 4
    )
    made = sampler(image(256, 256))
    for piece in made.pieces(64):
        made.exact_mean(piece)
    assert len(made._seen) == 2


def test_a_saturated_pixel_is_left_to_what_is_around_it() -> None:
    class Limited:
        valid_range = (-100.0, 2.0)

        def log_prob(
            self, *, observation: torch.Tensor, signal: torch.Tensor
        ) -> torch.Tensor:
            return NOISE.log_prob(observation=observation, signal=signal)

    picture = image(24, 24)
    picture[10, 12] = 700  # 2.5 in network units
    made = sampler(picture, likelihood=Limited())
    (piece,) = made.pieces()
    mean = made.exact_mean(piece).numpy()
    signals, weights = signals_and_weights(picture)
    expected = (weights * signals).sum(0) * SCALE.std + SCALE.mean
    alone = signals[:, 10, 12].mean() * SCALE.std + SCALE.mean
    assert mean[10, 12] == pytest.approx(alone, abs=1e-2)
    expected[10, 12] = alone
    np.testing.assert_allclose(mean, expected, atol=5e-3)


def test_every_image_of_a_stack_has_draws_of_its_own() -> None:
    stack = np.repeat(image(1, 32, 32), 2, axis=0)
    samples = sampler(stack).samples([0])
    assert samples.shape == (1, 2, 32, 32)
    assert np.abs(samples[0, 0] - samples[0, 1]).max() > 1
    alone = sampler(stack).samples([0], planes=[1])
    np.testing.assert_allclose(alone[0, 0], samples[0, 1], atol=1e-3)


def test_two_threads_may_draw_at_once() -> None:
    expected = [sampler(image(40, 40)).sample(k) for k in range(4)]
    fresh = sampler(image(40, 40))
    with ThreadPoolExecutor(3) as pool:
        for a, b in zip(pool.map(fresh.sample, range(4)), expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.gpu
def test_a_gpu_draws_the_same_sample_but_for_rounding() -> None:
    picture = image(64, 64)
    here, there = sampler(picture), sampler(picture, device="cuda")
    (piece,) = here.pieces()
    mean = there.exact_mean(piece).cpu().numpy()
    np.testing.assert_allclose(mean, here.exact_mean(piece).numpy(), atol=0.5)
    assert np.mean(np.abs(here.sample(3) - there.sample(3)) > 0.5) < 0.01


def test_the_noise_of_pixels_is_uniform_and_a_function_of_the_place() -> None:
    noise = pixel_noise([3, 8], slice(0, 100), slice(0, 130), seed=5)
    assert noise.shape == (2, 100, 130)
    assert noise.min() > 0
    assert noise.max() < 1
    _, p = stats.kstest(noise.numpy().ravel(), "uniform")
    assert p > 0.01
    part = pixel_noise([8], slice(31, 70), slice(64, 129), seed=5)
    assert torch.equal(part[0], noise[1, 31:70, 64:129])
    assert not torch.equal(pixel_noise([8], slice(0, 9), slice(0, 9), seed=6), noise)
