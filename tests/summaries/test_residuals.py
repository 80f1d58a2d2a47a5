"""What is left over: is it noise?"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_divnoise.summaries import autocorrelation, line_ratios, rank_histogram

RNG = np.random.default_rng(0)
WHITE = RNG.normal(size=(2, 200, 220))


def test_white_noise_is_like_its_neighbours_by_chance_only() -> None:
    table = autocorrelation(WHITE)
    assert table.shape == (7, 7)
    assert table[3, 3] == 1
    table[3, 3] = 0
    assert np.abs(table).max() < 5 / np.sqrt(WHITE.size)


def test_lags_are_where_the_docstring_says() -> None:
    along_x = (WHITE + np.roll(WHITE, 2, axis=2)) / np.sqrt(2)
    table = autocorrelation(along_x)
    assert table[3, 5] == pytest.approx(0.5, abs=0.02)
    assert table[3, 1] == pytest.approx(0.5, abs=0.02)
    assert abs(table[5, 3]) < 0.02
    diagonal = (WHITE + np.roll(WHITE, (1, 1), axis=(1, 2))) / np.sqrt(2)
    table = autocorrelation(diagonal)
    assert table[4, 4] == pytest.approx(0.5, abs=0.02)
    assert abs(table[4, 2]) < 0.02


def test_autocorrelation_is_that_of_the_fourier_transform() -> None:
    image = ndimage.gaussian_filter(WHITE[0], 1)
    centred = image - image.mean()
    power = np.abs(np.fft.fft2(centred, (420, 440))) ** 2
    sums = np.fft.ifft2(power).real
    pixels = np.fft.ifft2(np.abs(np.fft.fft2(np.ones_like(image), (420, 440))) ** 2)
    expected = sums[:4, :4] / pixels.real[:4, :4] / centred.var()
    assert np.allclose(autocorrelation(image)[3:, 3:], expected, rtol=1e-6, atol=1e-9)


def test_pixels_that_are_not_known_do_not_count() -> None:
    residual = ndimage.gaussian_filter(WHITE, (0, 1, 1))
    holes = residual.copy()
    holes[RNG.random(WHITE.shape) < 0.1] = np.nan
    assert np.allclose(autocorrelation(holes), autocorrelation(residual), atol=0.01)
    assert np.allclose(line_ratios(holes), line_ratios(residual), rtol=0.1)


def test_an_image_smaller_than_the_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="take a larger region"):
        autocorrelation(np.zeros((3, 50)))


def test_rows_that_go_together_are_seen_and_columns_not() -> None:
    rows, columns = line_ratios(WHITE)
    assert rows == pytest.approx(1, abs=0.2)
    assert columns == pytest.approx(1, abs=0.2)
    striped = WHITE + RNG.normal(scale=0.3, size=(2, 200, 1))
    rows, columns = line_ratios(striped)
    # Of n pixels with a common part of variance 0.09, besides the 1 of their own.
    assert rows == pytest.approx((1 + 220 * 0.09) / 1.09, rel=0.25)
    assert columns == pytest.approx(1 / 1.09, abs=0.2)
    assert line_ratios(striped.swapaxes(1, 2))[::-1] == pytest.approx((rows, columns))


def test_what_changes_slowly_over_the_image_is_no_line() -> None:
    slope = np.linspace(-2, 2, 200)[:, np.newaxis]
    rows, columns = line_ratios(WHITE + slope)
    assert rows == pytest.approx(line_ratios(WHITE)[0] / (1 + slope.var()), rel=0.1)
    assert columns < 1


def test_ranks_of_values_that_are_like_their_replicates_are_flat() -> None:
    values, replicates = RNG.normal(size=40_000), RNG.normal(size=(20, 40_000))
    shares = rank_histogram(values, replicates)
    assert shares.sum() == pytest.approx(1)
    assert np.abs(shares * 20 - 1).max() < 0.1


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_ranks_show_replicates_that_vary_too_little_or_too_much(scale: float) -> None:
    values = RNG.normal(size=20_000)
    replicates = scale * RNG.normal(size=(20, 20_000))
    shares = rank_histogram(values, replicates)
    ends, middle = shares[[0, -1]].mean(), shares[9:11].mean()
    assert (ends > 1.5 * middle) == (scale < 1)
    assert (middle > 1.5 * ends) == (scale > 1)


def test_ranks_show_replicates_that_are_too_dark() -> None:
    values, replicates = RNG.normal(size=5_000), RNG.normal(-1, 1, size=(20, 5_000))
    shares = rank_histogram(values, replicates)
    assert shares[-1] > 0.15 > 0.02 > shares[0]
