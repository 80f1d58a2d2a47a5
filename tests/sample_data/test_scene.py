from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, label

from napari_divnoise.sample_data import SyntheticScene, make_cells, make_membranes

Make = Callable[..., SyntheticScene]
# Made once: scenes are frozen, and no test writes into their arrays.
make_once = cache(lambda make: make())
both = pytest.mark.parametrize("make", [make_cells, make_membranes])


@both
def test_the_camera_is_exactly_the_one_that_is_stated(make: Make) -> None:
    scene = make(size=128)
    frames = scene.expose(200, seed=5).astype(np.float64)
    residual = frames - scene.truth[0]
    # In every decile of brightness: no bias, and the stated variance.
    bins = np.quantile(scene.truth[0], np.linspace(0, 1, 11))
    which = np.digitize(scene.truth[0], bins[1:-1])
    for i in range(10):
        stated = scene.variance(scene.truth[0][which == i]).mean()
        n = (which == i).sum() * len(frames)
        assert abs(residual[:, which == i].mean()) < 5 * np.sqrt(stated / n)
        measured = (residual[:, which == i] ** 2).mean()
        assert measured == pytest.approx(stated, rel=0.02)


@both
def test_noise_is_independent_from_pixel_to_pixel(make: Make) -> None:
    scene = make(size=256)
    residual = scene.observation[0] - scene.truth[0]
    residual /= np.sqrt(scene.variance(scene.truth[0]))
    for shifted in (residual[:, 1:] * residual[:, :-1], residual[1:] * residual[:-1]):
        assert abs(shifted.mean()) < 4 / np.sqrt(shifted.size)


@both
def test_the_light_is_scarce_but_structures_survive(make: Make) -> None:
    scene = make_once(make)
    photons = (scene.truth[0] - scene.offset) / scene.gain
    assert 10 < np.percentile(photons, 99.5) < 40
    assert photons.max() < 100
    assert photons.min() > 0
    noisy = scene.observation[0].astype(np.float64)
    smooth = gaussian_filter(noisy, 1.2)
    error, smooth_error = (np.std(i - scene.truth[0]) for i in (noisy, smooth))
    # The noise is as strong as the picture, and a simple blur already halves it.
    assert 0.3 < error / scene.truth[0].std() < 1.2
    assert smooth_error < 0.55 * error


def test_nuclei_are_many_and_some_touch() -> None:
    truth = make_once(make_cells).truth[0]
    _, n_objects = label(gaussian_filter(truth, 1) > 100 + 2 * 4.5)
    assert 30 < n_objects < 90


def test_membranes_enclose_many_cells() -> None:
    photons = (make_once(make_membranes).truth[0] - 100) / 2
    ridge = photons > gaussian_filter(photons, 5)
    labels, _ = label(~ridge)
    sizes = np.bincount(labels.ravel())[1:]
    assert (sizes > 100).sum() > 60


@both
def test_the_same_numbers_give_the_same_scene(make: Make) -> None:
    first, again, other = make(3, 64), make(3, 64), make(4, 64)
    np.testing.assert_array_equal(first.observation, again.observation)
    np.testing.assert_array_equal(first.truth, again.truth)
    assert (first.truth != other.truth).mean() > 0.9


@both
def test_fields_stay_themselves_as_more_are_made(make: Make) -> None:
    two, three = make(0, 48, 2), make(0, 48, 3)
    assert three.observation.shape == three.truth.shape == (3, 48, 48)
    assert three.observation.dtype == np.uint16
    assert three.truth.dtype == np.float32
    np.testing.assert_array_equal(two.observation, three.observation[:2])
    assert (three.truth[0] != three.truth[1]).mean() > 0.9


def test_no_exposure_repeats_the_observation_or_another_scenes_noise() -> None:
    scene, other = make_cells(0, 64, 2), make_cells(1, 64)
    noise = [scene.observation[i] - scene.truth[i] for i in (0, 1)]
    noise += [scene.expose(1, seed=seed)[0] - scene.truth[0] for seed in (0, 1)]
    noise.append(other.observation[0] - other.truth[0])
    correlation = np.corrcoef([n.ravel() for n in noise])
    assert abs(correlation - np.eye(5)).max() < 0.1


def test_a_longer_exposure_is_brighter_in_proportion() -> None:
    short, long = make_cells(size=64), make_cells(size=64, exposure=4)
    ratio = (long.truth - long.offset) / (short.truth - short.offset)
    np.testing.assert_allclose(ratio, 4, rtol=1e-3)


@both
def test_a_scene_is_made_in_two_seconds(make: Make) -> None:
    start = time.process_time()
    make()
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 31}, "size is 31 pixels: a field needs at least 32"),
        ({"n": 0}, "n is 0"),
        ({"seed": -1}, "seed is -1"),
        ({"exposure": 0.0}, "exposure is 0.0"),
        ({"exposure": float("nan")}, "exposure is nan"),
    ],
)
@both
def test_numbers_out_of_range_are_refused(
    make: Make, arguments: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make(**arguments)
