"""The co-learned variance: a good start, a floor, and what it becomes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from napari_divnoise.noise import LearnedGaussian

GAIN, OFFSET, READ_NOISE = 3.0, 200.0, 6.0
MEAN, STD = 600.0, 250.0


def scene(seed: int = 0, size: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """A noisy image with blobs and sharp edges, and its signal, in camera units."""
    rng = np.random.default_rng(seed)
    blobs = ndimage.gaussian_filter(rng.standard_normal((size, size)), 8)
    electrons = 20 + 4000 * np.maximum(blobs, 0) * (ndimage.sobel(blobs) > -0.02)
    shot = rng.poisson(electrons)
    read = READ_NOISE * rng.standard_normal((size, size))
    return GAIN * shot + OFFSET + read, GAIN * electrons + OFFSET


def variance_of(signal: np.ndarray) -> np.ndarray:
    return GAIN * (signal - OFFSET) + READ_NOISE**2


def test_starts_near_the_truth_in_spite_of_structure() -> None:
    image, signal = scene()
    learned = LearnedGaussian.starting_from(image, MEAN, STD)
    frozen = learned.freeze(MEAN, STD)
    assert frozen.slope == pytest.approx(GAIN, rel=0.25)
    at = np.percentile(signal, [5, 50, 95])
    np.testing.assert_allclose(frozen.variance(at), variance_of(at), rtol=0.3)


def test_floor_is_below_the_smallest_noise_but_not_far() -> None:
    image, signal = scene()
    learned = LearnedGaussian.starting_from(image, MEAN, STD)
    darkest = np.sqrt(variance_of(signal.min())) / STD
    assert 0.3 * darkest < learned.min_std < 0.8 * darkest


def test_floor_can_be_given_in_camera_units() -> None:
    learned = LearnedGaussian.starting_from(scene()[0], MEAN, STD, min_std=5.0)
    assert learned.min_std == pytest.approx(5 / STD)
    assert learned.freeze(MEAN, STD).min_variance == pytest.approx(25)


def test_floor_of_integer_images_is_no_finer_than_they_are() -> None:
    rng = np.random.default_rng(0)
    image = np.rint(100 + 0.4 * rng.standard_normal((128, 128))).astype(np.uint8)
    learned = LearnedGaussian.starting_from(image, 100.0, 10.0)
    assert learned.min_std * 10 >= 0.39


def test_training_finds_the_line() -> None:
    image, signal = scene(size=160)
    learned = LearnedGaussian(
        slope=0.1, intercept=0.1, min_std=0.01, signal_range=(-1.6, 3.0)
    )
    x = torch.tensor((image - MEAN) / STD, dtype=torch.float32)
    s = torch.tensor((signal - MEAN) / STD, dtype=torch.float32)
    optimizer = torch.optim.LBFGS(
        learned.parameters(), max_iter=40, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        nll = -learned.log_prob(observation=x, signal=s).mean()
        nll.backward()
        return nll

    optimizer.step(loss)
    frozen = learned.freeze(MEAN, STD)
    assert frozen.slope == pytest.approx(GAIN, rel=0.05)
    at = np.percentile(signal, [5, 50, 95])
    np.testing.assert_allclose(frozen.variance(at), variance_of(at), rtol=0.1)


def test_frozen_model_is_the_learned_one_in_camera_units() -> None:
    image, signal = scene(size=64)
    learned = LearnedGaussian.starting_from(image, MEAN, STD)
    x, s = (torch.tensor((a - MEAN) / STD).float() for a in (image, signal))
    found = learned.freeze(MEAN, STD).log_prob(observation=image, signal=signal)
    expected = learned.log_prob(observation=x, signal=s).detach() - np.log(STD)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_below_the_floor_the_variance_does_not_fall() -> None:
    learned = LearnedGaussian(
        slope=0.1, intercept=0.01, min_std=0.05, signal_range=(-1, 3)
    )
    found = learned.variance(torch.tensor([-50.0, -1.0, 0.0]))
    torch.testing.assert_close(found, torch.tensor([0.0025, 0.01, 0.11]))


def test_a_checkpoint_holds_all_of_it() -> None:
    learned = LearnedGaussian.starting_from(scene(size=64)[0], MEAN, STD)
    other = LearnedGaussian(slope=1, intercept=1, min_std=1, signal_range=(0, 1))
    other.load_state_dict(learned.state_dict())
    assert other.freeze(MEAN, STD).describe() == learned.freeze(MEAN, STD).describe()


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((64, 64), 7.0), "no noise was found"),
        (np.full((64, 64), np.nan), "no noise was found"),
        (np.zeros((8, 64)), "too small to see its noise"),
    ],
)
def test_images_without_noise_are_refused(image: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LearnedGaussian.starting_from(image, 0.0, 1.0)


def test_wrong_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="must be above 0, got"):
        LearnedGaussian(slope=0.0, intercept=1, min_std=1, signal_range=(0, 1))
