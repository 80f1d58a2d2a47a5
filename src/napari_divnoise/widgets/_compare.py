"""Show layers side by side, and put everything back afterwards."""

from __future__ import annotations

from typing import Any


class Comparison:
    """A grid of some layers; ending it restores grid, visibility and camera.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose canvas.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._before: dict[str, Any] | None = None

    @property
    def is_on(self) -> bool:
        """Whether the layers are side by side now."""
        return self._before is not None

    def begin(self, layers: list[Any]) -> None:
        """Show `layers` only, one beside the other, the first on the left."""
        viewer = self._viewer
        if self._before is None:
            grid, camera = viewer.canvas.grid, viewer.scene.camera
            self._before = {
                "grid": (grid.enabled, grid.shape, grid.stride),
                "camera": (camera.center, camera.zoom),
                "visible": {layer: layer.visible for layer in viewer.layers},
            }
        for layer in viewer.layers:
            layer.visible = layer in layers
        grid = viewer.canvas.grid
        # The layer list counts from below; a negative stride would begin on top.
        grid.stride = 1
        grid.shape = (1, len(layers)) if len(layers) < 4 else (2, -1)
        grid.enabled = True
        viewer.reset_view()

    def end(self) -> None:
        """Put back what was there before."""
        if self._before is None:
            return
        before, self._before = self._before, None
        grid, camera = self._viewer.canvas.grid, self._viewer.scene.camera
        grid.enabled, grid.shape, grid.stride = before["grid"]
        camera.center, camera.zoom = before["camera"]
        for layer, visible in before["visible"].items():
            if layer in self._viewer.layers:
                layer.visible = visible
