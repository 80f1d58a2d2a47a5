"""The layers of a result lie over their image, sharpen, and may be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_divnoise.session import Source
from napari_divnoise.widgets._denoising import denoise
from napari_divnoise.widgets._opening import Job
from napari_divnoise.widgets._results import Results

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from pytestqt.qtbot import QtBot

    from napari_divnoise.runs import Model

ALL = frozenset({"mean", "std", "samples"})


@pytest.fixture
def show(viewer: ViewerModel, model: Model, qtbot: QtBot) -> Any:
    """Denoise a layer and show every step; return the results."""
    made: list[Results] = []

    def show(
        layer: Any, axes: str, *, wanted: frozenset[str] = ALL, **changes: Any
    ) -> Results:
        facts: dict[str, Any] = {"channel": None, "n_samples": 12}
        job = Job(
            model=model,
            pixels=layer.data,
            axes=axes,
            source=Source.of_layer(layer),
            **{**facts, **changes},
        )
        results = Results(viewer, job, wanted, cache_gb=0.1)
        made.append(results)
        for step in denoise(job):
            if step is not None:
                results.show_step(step)
        results.finish(job.n_samples)
        return results

    yield show
    for results in made:
        if results.samples is not None:
            results.samples.close()


def test_three_layers_lie_over_their_image(
    viewer: ViewerModel, show: Any, noisy: np.ndarray[Any, Any]
) -> None:
    layer = viewer.add_image(
        noisy,
        name="cells",
        scale=(0.2, 0.2),
        translate=(3, 4),
        units=("um", "um"),
        axis_labels=("y", "x"),
    )
    show(layer, "YX")
    names = ["cells", "cells · mean", "cells · samples", "cells · std"]
    assert [x.name for x in viewer.layers] == names
    for result in (viewer.layers["cells · mean"], viewer.layers["cells · std"]):
        np.testing.assert_allclose(result.scale, layer.scale)
        np.testing.assert_allclose(result.translate, layer.translate)
        assert result.units == layer.units
        assert result.axis_labels == ("y", "x")
        assert result.metadata["divnoise"]["source_layer"] == "cells"
    samples = viewer.layers["cells · samples"]
    assert samples.axis_labels == ("sample", "y", "x")
    assert samples.data.shape == (12, 64, 64)
    assert viewer.dims.axis_labels == ("sample", "y", "x")
    assert viewer.layers["cells · std"].colorbar.visible


def test_only_the_mean_is_seen_at_first(
    viewer: ViewerModel, show: Any, noisy: np.ndarray[Any, Any]
) -> None:
    results = show(viewer.add_image(noisy), "YX")
    assert results.layer("mean").visible
    assert not results.layer("std").visible
    results.show_only("std")
    assert results.layer("std").visible
    assert not results.layer("mean").visible
    assert viewer.layers[0].visible


def test_grey_layers_share_the_contrast_of_their_image(
    viewer: ViewerModel, show: Any, noisy: np.ndarray[Any, Any]
) -> None:
    layer = viewer.add_image(noisy, contrast_limits=(80, 180))
    results = show(layer, "YX")
    layer.contrast_limits = (90, 170)
    assert results.layer("mean").contrast_limits == [90, 170]
    assert results.layer("samples").contrast_limits == [90, 170]
    assert results.layer("std").contrast_limits[0] == 0


def test_a_person_s_contrast_of_the_std_is_left_alone(
    viewer: ViewerModel, model: Model, noisy: np.ndarray[Any, Any], qtbot: QtBot
) -> None:
    layer = viewer.add_image(noisy)
    job = Job(model, noisy, "YX", None, Source.of_layer(layer), n_samples=24)
    results = Results(viewer, job, frozenset({"std"}), cache_gb=0.1)
    steps = (step for step in denoise(job) if step is not None)
    for step in steps:
        results.show_step(step)
        if step.n_done >= 8:
            break
    results.layer("std").contrast_limits = (0, 1)
    for step in steps:
        results.show_step(step)
    assert results.layer("std").contrast_limits == [0, 1]


def test_a_deleted_result_stays_deleted_and_the_others_go_on(
    viewer: ViewerModel, model: Model, noisy: np.ndarray[Any, Any], qtbot: QtBot
) -> None:
    layer = viewer.add_image(noisy)
    job = Job(model, noisy, "YX", None, Source.of_layer(layer), n_samples=24)
    results = Results(viewer, job, frozenset({"mean", "std"}), cache_gb=0.1)
    for step in denoise(job):
        if step is not None:
            results.show_step(step)
            if step.n_done == 8:
                viewer.layers.remove(results.layer("mean"))
    results.finish(24)
    assert results.layer("mean") is None
    assert results.layer("std") is not None


def test_a_result_comes_even_if_its_image_was_deleted(
    viewer: ViewerModel, model: Model, noisy: np.ndarray[Any, Any], qtbot: QtBot
) -> None:
    layer = viewer.add_image(noisy, name="cells", scale=(2, 2))
    job = Job(model, noisy, "YX", None, Source.of_layer(layer), n_samples=4)
    viewer.layers.clear()
    results = Results(viewer, job, frozenset({"mean"}), cache_gb=0.1)
    for step in denoise(job):
        if step is not None:
            results.show_step(step)
    assert results.noisy() is None
    assert viewer.layers[0].name == "cells · mean"
    np.testing.assert_allclose(viewer.layers[0].scale, (2, 2))


def test_what_was_cancelled_says_how_many_samples_it_has(
    viewer: ViewerModel, model: Model, noisy: np.ndarray[Any, Any], qtbot: QtBot
) -> None:
    layer = viewer.add_image(noisy, name="cells")
    job = Job(model, noisy, "YX", None, Source.of_layer(layer), n_samples=100)
    results = Results(viewer, job, frozenset({"mean", "std"}), cache_gb=0.1)
    for step in denoise(job):
        if step is not None:
            results.show_step(step)
            if step.n_done >= 30:
                break
    results.finish(100)
    assert results.layer("mean").name == "cells · mean of 32/100"
    assert results.layer("std").name == "cells · std of 32/100"


def test_a_film_keeps_its_axes_and_sharpens_plane_by_plane(
    viewer: ViewerModel, show: Any, noisy: np.ndarray[Any, Any]
) -> None:
    film = np.stack([noisy, noisy + 40])
    layer = viewer.add_image(film, name="film", axis_labels=("t", "y", "x"))
    results = show(layer, "TYX", planes=(1,))
    mean = results.layer("mean").data
    assert mean.shape == film.shape
    np.testing.assert_array_equal(mean[0], film[0])
    assert np.abs(mean[1] - film[1]).max() > 1
    assert results.layer("samples").axis_labels == ("sample", "t", "y", "x")
    assert results.layer("samples").data.shape == (12, 2, 64, 64)


def test_rows_and_columns_need_not_come_last(
    viewer: ViewerModel, show: Any, noisy: np.ndarray[Any, Any], until: Any
) -> None:
    film = np.stack([noisy, noisy + 40], axis=-1)
    layer = viewer.add_image(film, axis_labels=("y", "x", "t"))
    results = show(layer, "YXT")
    assert results.layer("mean").data.shape == (64, 64, 2)
    assert results.layer("samples").data.shape == (12, 64, 64, 2)
    stack = results.samples.stack
    stack[5, 1]
    until(lambda: not stack.is_waiting)
    seen = results.layer("samples").data[5, :, :, 1]
    np.testing.assert_array_equal(seen, stack[5, 1])


def test_the_result_of_a_region_lies_where_it_was_cut(
    viewer: ViewerModel, show: Any, noisy: np.ndarray[Any, Any]
) -> None:
    layer = viewer.add_image(noisy, scale=(0.5, 0.5), translate=(1, 1))
    results = show(layer, "YX", region=(slice(8, 40), slice(16, 64)))
    for key in ("mean", "samples"):
        corner = results.layer(key).data_to_world((0,) * results.layer(key).ndim)
        np.testing.assert_allclose(corner[-2:], layer.data_to_world((8, 16)))


def test_quantiles_are_layers_too(
    viewer: ViewerModel, show: Any, noisy: np.ndarray[Any, Any]
) -> None:
    layer = viewer.add_image(noisy, name="cells")
    show(layer, "YX", wanted=frozenset({"mean"}), quantiles=(0.05,))
    assert "cells · 5 % quantile" in viewer.layers
