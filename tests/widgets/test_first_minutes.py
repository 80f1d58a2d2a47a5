"""The first five minutes of a person with the plugin, in a real napari window.

From *Open Sample* to the samples slider, by the clicks that she makes (ux.md, 4.9).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from npe2 import PluginManifest
from qtpy.QtCore import Qt

from napari_divnoise.summaries import psnr
from napari_divnoise.widgets.workflow import DENOISE, NOISE, TRAIN, WorkflowWidget

from .test_preferences import MANIFEST

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

STEPS = 60


@pytest.mark.slow
def test_from_a_sample_to_the_posterior(
    make_napari_viewer: Any, npe2pm: Any, qtbot: QtBot, until: Any
) -> None:
    def click(button: Any) -> None:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    with npe2pm.tmp_plugin(manifest=PluginManifest.from_file(MANIFEST)):
        viewer = make_napari_viewer(show=True)
        viewer.open_sample("napari-divnoise", "synthetic_cells")
        noisy, truth = viewer.layers
        _, dock = viewer.window.add_plugin_dock_widget("napari-divnoise", "DivNoise")
    assert isinstance(dock, WorkflowWidget)

    # 1 Data: the sample is chosen, its axes are known, the check is green
    until(dock.next_button.isEnabled)
    assert dock.data_page.form.layers.value() == [noisy]
    assert dock.session.axes == "YX"
    assert dock.data_page.verdict.property("tone") == "good"
    click(dock.next_button)

    # 2 Noise: learned along with the network
    assert dock.page == NOISE
    dock.noise_page.choose_way("learn")
    click(dock.next_button)

    # 3 Train: in a process of its own, with a curve and a preview
    assert dock.page == TRAIN
    page = dock.train_page
    until(lambda: page.why_not_start() == "")
    click(page.form.preset._buttons["quick"])
    page.form.fields.field("n_steps").setValue(STEPS)
    click(page.start_button)
    until(lambda: dock.session.training.activity == "running")
    until(lambda: not dock.session.training.is_active)
    assert dock.session.training.outcome == "done"
    assert page.progress.plot.n_points() > 0
    assert viewer.dims.axis_labels == ("epoch", "view", "y", "x")
    click(page.denoise_button)

    # 4 Denoise: the mean appears and sharpens, and is nearer to the truth
    assert dock.page == DENOISE
    dock.denoise_page.n_samples.setValue(20)
    click(dock.denoise_page.run_button)
    until(lambda: dock.denoiser.step is not None)
    until(lambda: not dock.denoiser.is_running)
    mean = dock.denoiser.results.layer("mean")
    assert psnr(truth.data, mean.data) > psnr(truth.data, noisy.data) + 3
    assert dock.denoiser.results.layer("std").colorbar.visible

    # the slider walks through the samples: placeholder at once, the sample soon
    samples = dock.denoiser.results.layer("samples")
    assert viewer.dims.axis_labels == ("sample", "y", "x")
    dock.denoise_page.looks.setValue("samples")
    viewer.dims.set_current_step(0, 7)
    expected = dock.session.posterior.plane(0).sample(7)
    until(lambda: np.allclose(samples.data[7], expected))
    dock.denoiser.results.samples.close()
    qtbot.wait(50)
