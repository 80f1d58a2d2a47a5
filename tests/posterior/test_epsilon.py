from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from napari_divnoise.posterior import latent_noise

WINDOW = {"rows": slice(0, 70), "columns": slice(0, 40)}


def noise(samples: list[int], **settings: object) -> torch.Tensor:
    given = {**WINDOW, "n_channels": 5, "seed": 3, **settings}
    rows, columns = given.pop("rows"), given.pop("columns")
    return latent_noise(samples, rows, columns, **given)


def test_it_is_standard_normal() -> None:
    values = noise([0, 1, 2, 3], n_channels=64).numpy().ravel()
    assert abs(values.mean()) < 0.003
    assert abs(values.std() - 1) < 0.003
    assert stats.kstest(values[:20_000], "norm").pvalue > 0.001


def test_neighbours_samples_channels_and_blocks_are_independent() -> None:
    field = noise([0, 1], n_channels=8, rows=slice(0, 128), columns=slice(0, 128))
    values = field.numpy()
    for other in (
        np.roll(values, 1, axis=-1),
        np.roll(values, 32, axis=-1),
        np.roll(values, 32, axis=-2),
        np.roll(values, 1, axis=1),
        np.roll(values, 1, axis=0),
    ):
        correlation = np.corrcoef(values.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 0.01


def test_a_sample_is_the_same_alone_in_a_batch_and_in_any_window() -> None:
    whole = noise([7, 8, 9])
    assert torch.equal(noise([8])[0], whole[1])
    part = noise([9], rows=slice(30, 45), columns=slice(31, 40))
    assert torch.equal(part[0], whole[2, :, 30:45, 31:40])


@pytest.mark.parametrize("change", [{"seed": 4}, {"image": 1}, {"level": 1}])
def test_seed_image_and_level_each_give_other_noise(change: dict[str, int]) -> None:
    a, b = noise([0]).numpy().ravel(), noise([0], **change).numpy().ravel()
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.03


def test_seeds_as_large_as_they_come_stay_apart() -> None:
    largest = 2**64 - 1
    assert not torch.equal(noise([0], seed=largest), noise([0], seed=largest - 1))


def test_bfloat16_is_the_same_noise_rounded() -> None:
    full = noise([0, 5])
    assert torch.equal(noise([0, 5], dtype=torch.bfloat16), full.bfloat16())


def test_the_noise_of_published_samples_never_changes() -> None:
    # Written down so that a sample of today can be drawn again in any later version.
    values = noise([37], seed=1, n_channels=2)[0, :, 40, 33]
    expected = np.float32([-0.1868722, 0.4066707])
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-6)
