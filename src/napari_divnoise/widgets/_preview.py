"""The preview of a training in the viewer: a slider over its epochs."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from napari.layers import Layer

from ..layers import preview_layer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from ..session import Source

MEAN_VIEW = 1


class PreviewLayer:
    """Adds the preview once, and appends to it until a person removes it.

    Parameters
    ----------
    viewer : callable
        Returns the viewer, or ``None`` once it is gone.
    run : str
        Name of the run.
    source : Source or None
        What it is a preview of.
    """

    def __init__(
        self, viewer: Callable[[], Any], run: str, source: Source | None
    ) -> None:
        self._viewer = viewer
        self._run = run
        self._source = source
        self._layer: weakref.ref[Any] | None = None
        self._put_away: Any = None
        self._views = 0

    @property
    def is_away(self) -> bool:
        """Whether there is a preview that the viewer does not show."""
        viewer = self._viewer()
        return viewer is not None and self._put_away is not None

    def put_away(self) -> None:
        """Take the layer out of the viewer.

        Its axes would lend their names to those of the posterior samples.
        """
        viewer = self._viewer()
        layer = None if self._layer is None else self._layer()
        if viewer is not None and layer is not None and layer in viewer.layers:
            viewer.layers.remove(layer)
            self._put_away = layer

    def bring_back(self) -> None:
        """Show the layer again after `put_away`."""
        viewer = self._viewer()
        if viewer is not None and self._put_away is not None:
            viewer.add_layer(self._put_away)
            self._put_away = None
            self._go_to_mean(viewer)
            self._go_to_newest(viewer, self._views)

    def show_views(self, views: np.ndarray[Any, Any], region: Sequence[int]) -> None:
        """Show all views so far, ``(epoch, view, Y, X)``, and move to the newest.

        `region` is where they were cut: image number, row, column, rows, columns.
        The slider stays where it is if the person has moved it to an older epoch.
        """
        viewer = self._viewer()
        if viewer is None:
            return
        if self._layer is None:
            self._add(viewer, views, region)
            return
        layer = self._layer()
        if layer is None or layer not in (*viewer.layers, self._put_away):
            return
        n_before, self._views = self._views, len(views)
        layer.data = views
        if layer is self._put_away:
            return
        if viewer.dims.current_step[viewer.dims.ndim - 4] >= n_before - 1:
            self._go_to_newest(viewer, len(views))

    def _add(
        self, viewer: Any, views: np.ndarray[Any, Any], region: Sequence[int]
    ) -> None:
        _, row, column, *_ = region
        first = (0, 0) if self._source is None else self._source.corner
        data, kwargs, kind = preview_layer(
            views,
            self._run,
            source=self._source,
            corner=(first[0] + row, first[1] + column),
        )
        layer = viewer.add_layer(Layer.create(data, kwargs, kind))
        self._layer = weakref.ref(layer)
        self._views = len(views)
        self._go_to_mean(viewer)
        self._go_to_newest(viewer, len(views))

    def _go_to_mean(self, viewer: Any) -> None:
        viewer.dims.set_current_step(viewer.dims.ndim - 3, MEAN_VIEW)

    def _go_to_newest(self, viewer: Any, n_epochs: int) -> None:
        viewer.dims.set_current_step(viewer.dims.ndim - 4, n_epochs - 1)
