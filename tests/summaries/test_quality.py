from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import peak_signal_noise_ratio

from napari_divnoise.summaries import psnr, ssim


def _scene() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = 100 + 400 * gaussian_filter(rng.standard_normal((48, 56)), 3)
    return truth, truth + rng.normal(0, 20, truth.shape)


def test_psnr_is_that_of_scikit_image() -> None:
    truth, noisy = _scene()
    for data_range in (None, 255.0):
        expected = peak_signal_noise_ratio(
            truth, noisy, data_range=data_range or np.ptp(truth)
        )
        assert psnr(truth, noisy, data_range) == pytest.approx(expected)


def test_noise_of_a_tenth_of_the_range_is_20_db() -> None:
    truth = np.tile([0.0, 50.0], (4, 8))
    sign = np.where(np.arange(16) % 4 < 2, 5, -5)
    assert psnr(truth, truth + sign) == pytest.approx(20)


def test_unsigned_integers_do_not_wrap_around() -> None:
    truth = np.array([[0, 200]], np.uint8)
    image = np.array([[10, 190]], np.uint8)
    assert psnr(truth, image) == pytest.approx(20 * np.log10(200 / 10))


def test_a_stack_gives_the_mean_over_its_images() -> None:
    truth, noisy = _scene()
    both = np.stack([noisy, 0.5 * (truth + noisy)])
    for measure in (psnr, ssim):
        single = [measure(truth, image) for image in both]
        assert measure(truth, both) == pytest.approx(np.mean(single))
        assert measure(np.stack([truth, truth]), both) == pytest.approx(np.mean(single))


def test_the_truth_is_perfect_and_denoising_helps() -> None:
    truth, noisy = _scene()
    smooth = gaussian_filter(noisy, 1.5)
    assert psnr(truth, truth) == float("inf")
    assert ssim(truth, truth) == pytest.approx(1)
    assert psnr(truth, smooth) > psnr(truth, noisy) + 5
    assert 0 < ssim(truth, noisy) < ssim(truth, smooth) < 1


def test_ssim_is_the_formula_of_wang() -> None:
    truth, noisy = _scene()

    def local_mean(image: np.ndarray) -> np.ndarray:
        return gaussian_filter(image, 1.5, truncate=3.5)

    c1, c2 = (0.01 * np.ptp(truth)) ** 2, (0.03 * np.ptp(truth)) ** 2
    mean_t, mean_n = local_mean(truth), local_mean(noisy)
    var_t = local_mean(truth**2) - mean_t**2
    var_n = local_mean(noisy**2) - mean_n**2
    covariance = local_mean(truth * noisy) - mean_t * mean_n
    similarity = (2 * mean_t * mean_n + c1) * (2 * covariance + c2)
    similarity /= (mean_t**2 + mean_n**2 + c1) * (var_t + var_n + c2)
    inside = similarity[5:-5, 5:-5].mean()
    assert ssim(truth, noisy) == pytest.approx(inside, rel=1e-6)


@pytest.mark.parametrize(
    ("truth", "image", "data_range", "message"),
    [
        (np.eye(3), np.eye(4), None, r"\(3, 3\) and image of shape \(4, 4\)"),
        (np.ones((2, 2, 2)), np.eye(2), None, "do not match"),
        (np.arange(4.0), np.arange(4.0), None, "do not match"),
        (np.ones((3, 3)), np.eye(3), None, "the truth is 1.0 everywhere"),
        (np.eye(3), np.full((3, 3), np.nan), None, "9 pixels of the image are NaN"),
        (np.eye(3), np.eye(3), 0.0, "data_range is 0"),
        (np.eye(3), np.eye(3), float("nan"), "data_range is nan"),
        (np.empty((0, 3)), np.empty((0, 3)), None, "empty"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    truth: np.ndarray, image: np.ndarray, data_range: float | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        psnr(truth, image, data_range)


def test_ssim_needs_room_for_its_window() -> None:
    with pytest.raises(ValueError, match="10x40 pixels is smaller than the window"):
        ssim(np.random.default_rng(0).random((10, 40)), np.zeros((10, 40)))
