"""What the menus and the command palette call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._suitability import is_image

if TYPE_CHECKING:
    import napari

PLUGIN = "napari-divnoise"
DOCK = "DivNoise"


def open_data(viewer: napari.Viewer) -> None:
    """Open the dock at the page that chooses the images."""
    _open_page(viewer, 0)


def open_noise(viewer: napari.Viewer) -> None:
    """Open the dock at the page that measures the noise."""
    _open_page(viewer, 1)


def open_train(viewer: napari.Viewer) -> None:
    """Open the dock at the page that trains."""
    _open_page(viewer, 2)


def open_denoise(viewer: napari.Viewer) -> None:
    """Open the dock at the page that denoises."""
    _open_page(viewer, 3)


def _open_page(viewer: Any, number: int) -> None:
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, DOCK)
    dock.show()
    dock.raise_()
    widget.show_page(number)


def compare(viewer: napari.Viewer) -> None:
    """Show each visible image in a tile of its own; once more: on one another again."""
    grid = viewer.canvas.grid
    grid.enabled = not grid.enabled
    if grid.enabled:
        n_images = sum(is_image(layer) and layer.visible for layer in viewer.layers)
        grid.shape = (1, max(n_images, 1))
        grid.stride = -1
    else:
        grid.shape = (-1, -1)
    viewer.reset_view()
