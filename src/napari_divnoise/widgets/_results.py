"""The layers of one denoised image: they sharpen as samples come."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer

from ..images import from_ncyx
from ..layers import layer_record, mmse_layer, quantile_layer, samples_layer, std_layer
from ..layers.placement import shift_origin
from ..layers.records import source_name
from ._lazy import LazySamples, MovedAxes

if TYPE_CHECKING:
    import numpy.typing as npt

    from ._denoising import Step
    from ._opening import Job, Opened

FIRST_STD = 8
"""Samples from which on a standard deviation is worth looking at."""
VIEWS = {
    "mean": "Mean",
    "std": "Std",
    "samples": "Samples",
    "noisy": "Noisy",
}


class Results:
    """Adds mean, standard deviation and samples to the viewer, and keeps them fresh.

    A layer that a person deletes stays deleted; the others go on.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to.
    job : Job
        What is denoised.
    wanted : set of str
        Which of "mean", "std" and "samples" are shown.
    cache_gb : float
        Memory for drawn samples.
    """

    def __init__(
        self, viewer: Any, job: Job, wanted: frozenset[str], *, cache_gb: float
    ) -> None:
        self._viewer, self._job = viewer, job
        self._wanted, self._cache_gb = wanted, cache_gb
        self._canvases: dict[str, npt.NDArray[np.float32]] = {}
        self._layers: dict[str, weakref.ref[Any]] = {}
        self._std_top = 0.0
        self.samples: LazySamples | None = None
        self.n_done = 0
        self._newest: Step | None = None

    @property
    def name(self) -> str:
        """Name of the image that is denoised."""
        return source_name(self._job.source)

    def layer(self, key: str) -> Any:
        """Return the layer "mean", "std", ..., or ``None`` if it is gone."""
        found = self._layers.get(key, _nothing)()
        return found if found is not None and found in self._viewer.layers else None

    def noisy(self) -> Any:
        """Return the layer that was denoised, or ``None`` if it is gone."""
        reference = getattr(self._job.source, "layer", None)
        found = None if reference is None else reference()
        return found if found is not None and found in self._viewer.layers else None

    def show_step(self, step: Step) -> None:
        """Take in more samples of one plane, and planes that are done meanwhile."""
        self.n_done, self._newest = step.n_done, step
        finished = step.opened.finished
        written = {
            key for _ in range(len(finished)) for key in self._put(finished.popleft())
        }
        for key in written | self._put(step):
            layer = self.layer(key)
            if layer is not None:
                layer.refresh(thumbnail=False, extent=False, highlight=False)
        # napari takes tens of milliseconds for a new layer: one at each step.
        self._add_one(step)
        self._stretch_std(step.std_top)

    def finish(self, n_wanted: int) -> None:
        """Draw the thumbnails, and name the samples if fewer than were wanted."""
        while self._newest is not None and self._add_one(self._newest):
            self._stretch_std(self._newest.std_top)
        for key in self._layers:
            layer = self.layer(key)
            if layer is not None:
                layer.refresh(extent=False, highlight=False)
        mean = self.layer("mean")
        if self.is_half_done and mean is not None:
            mean.name = f"{self.name} · mean, where it is denoised"
        if self.n_done >= n_wanted:
            return
        for key in ("mean", "std"):
            layer = self.layer(key)
            if layer is not None:
                layer.name = f"{self.name} · {key} of {self.n_done}/{n_wanted}"

    @property
    def is_half_done(self) -> bool:
        """Whether a denoising in one pass has not come to its end."""
        newest = self._newest
        if newest is None or newest.opened.posterior is not None:
            return False
        return newest.fraction < 1

    def show_only(self, key: str) -> None:
        """Show one of our layers; "noisy" hides them all. Others are left alone."""
        for other in self._layers:
            layer = self.layer(other)
            if layer is not None:
                layer.visible = other == key

    # ------------------------------------------------------------------ layers

    def _put(self, step: Step) -> set[str]:
        """Put what is known of a plane into the canvases; return their names."""
        values = {"mean": step.mean}
        if step.std is not None and step.n_done >= min(FIRST_STD, self._job.n_samples):
            values["std"] = step.std
        values |= {f"quantile {level}": q for level, q in step.quantiles.items()}
        for key, plane in values.items():
            if key not in self._canvases:
                self._canvases[key] = self._canvas(key, step.opened)
            np.copyto(self._canvases[key][step.plane], plane)
        return set(values)

    def _add_one(self, step: Step) -> bool:
        """Add the next layer that is wanted and not there; False if there is none."""
        wanted = (k for k in self._canvases if k in self._wanted or k not in VIEWS)
        due = [key for key in wanted if key not in self._layers]
        has_samples = "samples" in self._wanted and step.opened.posterior is not None
        if has_samples and self.samples is None and "mean" not in due:
            self._add_samples(step)
        elif due:
            self._add(due[0], step.opened)
        else:
            return False
        return True

    def _canvas(self, key: str, opened: Opened) -> npt.NDArray[np.float32]:
        """Return ``(N, Y, X)``; planes to come show what was observed."""
        shape = tuple(opened.observation.shape)
        is_std = key == "std"
        if is_std or shape[0] == 1:
            return np.zeros(shape, np.float32)
        return np.array(opened.observation, np.float32)

    def _add(self, key: str, opened: Opened) -> None:
        canvas = from_ncyx(
            self._canvases[key][:, np.newaxis], opened.axes, opened.shape
        )
        record = self._record(opened)
        without = self._without()
        if key == "std":
            made = std_layer(canvas, self._job.source, record, without=without)
        elif key == "mean":
            made = mmse_layer(canvas, self._job.source, record, without=without)
        else:
            level = float(key.split()[1])
            made = quantile_layer(
                canvas, self._job.source, record, level=level, without=without
            )
        self._insert(key, made, opened.axes, visible=key == "mean")
        if key == "std":
            self.layer("std").colorbar.visible = True

    def _add_samples(self, step: Step) -> None:
        opened, posterior = step.opened, step.opened.posterior
        if posterior is None:
            return
        lengths = dict(zip(opened.axes, opened.shape, strict=True))
        letters = [x for x in opened.axes if x not in "YX"] + ["Y", "X"]
        self.samples = LazySamples(
            posterior,
            self._canvases["mean"],
            shape=(self._job.n_samples, *(lengths[letter] for letter in letters)),
            cache_gb=self._cache_gb,
        )
        order = (0, *(1 + letters.index(letter) for letter in opened.axes))
        stack: Any = self.samples.stack
        if order != tuple(range(len(order))):
            stack = MovedAxes(stack, order)
        limits = getattr(self._job.source, "contrast_limits", None)
        if limits is None:
            limits = (float(step.mean.min()), float(step.mean.max()))
        made = samples_layer(
            stack,
            self._job.source,
            (float(limits[0]), float(limits[1])),
            self._record(opened),
            without=self._without(),
        )
        self._insert("samples", made, opened.axes, visible=False)
        self.samples.refresh_layer(self._viewer, self.layer("samples"))

    def _insert(
        self,
        key: str,
        made: tuple[Any, dict[str, Any], str],
        axes: str,
        *,
        visible: bool,
    ) -> None:
        data, kwargs, kind = made
        kwargs = kwargs | self._shifted(kwargs, axes) | {"visible": visible}
        layer = Layer.create(data, kwargs, kind)
        added = self._viewer.add_layer(layer)
        self._layers[key] = weakref.ref(getattr(added, "__wrapped__", added))
        self._link_contrast(key)

    def _shifted(self, kwargs: dict[str, Any], axes: str) -> dict[str, Any]:
        """Move a result of a region to where the region was cut."""
        if self._job.region is None:
            return {}
        rows, columns = self._job.region
        starts = {"Y": rows.start or 0, "X": columns.start or 0}
        corner = [starts.get(letter, 0) for letter in axes]
        lead = [0] * (len(kwargs["scale"]) - len(axes))
        return {"translate": shift_origin(kwargs, [*lead, *corner])["translate"]}

    def _link_contrast(self, key: str) -> None:
        """Grey layers share the contrast of what they were made from."""
        noisy, layer = self.noisy(), self.layer(key)
        if key != "std" and noisy is not None:
            self._viewer.layers.link_layers([noisy, layer], ("contrast_limits",))

    def _stretch_std(self, top: float) -> None:
        """Follow the std with its contrast, unless a person has set another one."""
        layer = self.layer("std")
        if layer is None:
            return
        if self._std_top in (0.0, layer.contrast_limits[1]):
            layer.contrast_limits_range = (
                0.0,
                max(top, layer.contrast_limits_range[1]),
            )
            layer.contrast_limits = (0.0, top)
            self._std_top = layer.contrast_limits[1]

    def _without(self) -> int | None:
        job = self._job
        return (
            job.axes.index("C") if job.channel is not None and "C" in job.axes else None
        )

    def _record(self, opened: Opened) -> dict[str, Any]:
        return layer_record(
            self._job.source,
            seed=self._job.seed,
            n=self._job.n_samples,
            run_id=opened.facts["run_id"],
            model_hash=opened.facts["model_hash"],
            noise_model_hash=opened.facts["noise_model_hash"],
            device=opened.device,
            precision=opened.precision,
        )


def _nothing() -> None:
    return None
