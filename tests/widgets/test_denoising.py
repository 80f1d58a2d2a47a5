"""Samples are summed up plane by plane, as the posterior itself sums them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.images import open_images
from napari_divnoise.widgets._denoising import Step, denoise
from napari_divnoise.widgets._opening import Job, Opened, open_job

if TYPE_CHECKING:
    from napari_divnoise.runs import Model


def all_steps(job: Job) -> tuple[list[Step], Opened]:
    steps, work = [], denoise(job)
    while True:
        try:
            step = next(work)
        except StopIteration as end:
            return steps, end.value
        if step is not None:
            steps.append(step)


@pytest.fixture
def film(noisy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.stack([noisy, noisy + 5, noisy + 9])


def job_of(model: Model, pixels: Any, axes: str, **changes: Any) -> Job:
    facts: dict[str, Any] = {"channel": None, "source": None, "n_samples": 12}
    return Job(model=model, pixels=pixels, axes=axes, **{**facts, **changes})


def test_mean_and_std_are_those_of_the_samples(
    model: Model, noisy: np.ndarray[Any, Any]
) -> None:
    steps, opened = all_steps(job_of(model, noisy, "YX", seed=5))
    samples = opened.posterior.plane(0).samples(12)
    np.testing.assert_allclose(steps[-1].mean, samples.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(
        steps[-1].std, samples.std(axis=0, ddof=1), rtol=1e-2, atol=1e-3
    )
    assert [step.n_done for step in steps] == [4, 8, 12]
    assert steps[-1].fraction == 1


def test_planes_are_done_in_the_order_asked_for(
    model: Model, film: np.ndarray[Any, Any]
) -> None:
    steps, opened = all_steps(job_of(model, film, "TYX", planes=(2, 0)))
    assert list(dict.fromkeys(step.plane for step in steps)) == [2, 0]
    assert opened.shape == film.shape
    assert [step.fraction for step in steps][-1] == 1


def test_the_axes_of_the_result_are_those_of_the_image(
    model: Model, film: np.ndarray[Any, Any]
) -> None:
    moved = np.moveaxis(film, 0, -1)
    opened = open_job(job_of(model, moved, "YXT"))
    assert opened.shape == moved.shape
    np.testing.assert_array_equal(np.asarray(opened.observation), film)


def test_a_picked_channel_leaves_no_axis(
    model: Model, film: np.ndarray[Any, Any]
) -> None:
    opened = open_job(job_of(model, film, "CYX", channel=1))
    assert (opened.axes, opened.shape) == ("YX", film.shape[1:])
    np.testing.assert_array_equal(np.asarray(opened.observation)[0], film[1])


def test_a_region_is_cut(model: Model, noisy: np.ndarray[Any, Any]) -> None:
    region = (slice(8, 40), slice(16, 64))
    opened = open_job(job_of(model, noisy, "YX", region=region))
    assert opened.shape == (32, 48)


def test_opened_files_are_taken_as_they_are(
    model: Model, film: np.ndarray[Any, Any]
) -> None:
    images = open_images(film, axes="TYX")
    opened = open_job(job_of(model, images, images.axes, source=images))
    assert opened.shape == film.shape


def test_an_empty_region_and_nan_are_refused(
    model: Model, noisy: np.ndarray[Any, Any]
) -> None:
    with pytest.raises(ValueError, match="choose a larger one"):
        open_job(job_of(model, noisy, "YX", region=(slice(5, 5), slice(0, 9))))
    spoiled = noisy.astype(np.float32)
    spoiled[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        open_job(job_of(model, spoiled, "YX"))


def test_images_unlike_those_of_the_training_are_a_warning(
    model: Model, noisy: np.ndarray[Any, Any]
) -> None:
    assert open_job(job_of(model, noisy, "YX")).warning == ""
    warning = open_job(job_of(model, noisy * 20, "YX")).warning
    assert "do not trust" in warning


def test_the_mean_is_known_better_the_more_samples_there_are(
    model: Model, noisy: np.ndarray[Any, Any]
) -> None:
    steps, _ = all_steps(job_of(model, noisy, "YX", n_samples=40))
    errors = [step.standard_error for step in steps]
    assert errors[-1] < errors[1]


def test_quantiles_come_along(model: Model, noisy: np.ndarray[Any, Any]) -> None:
    steps, _ = all_steps(job_of(model, noisy, "YX", quantiles=(0.05, 0.95)))
    low, high = (steps[-1].quantiles[level] for level in (0.05, 0.95))
    assert (low <= high).all()
