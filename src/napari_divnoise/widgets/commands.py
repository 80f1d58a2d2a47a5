"""What the menus and the command palette call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_info
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from ._lifetime import is_alive
from ._suitability import is_image

if TYPE_CHECKING:
    import napari

    from .noise_check import NoiseCheck

PLUGIN = "napari-divnoise"
DOCK = "DivNoise"
NOISE_CHECK = "Noise check"


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


def _open_page(viewer: Any, number: int) -> Any:
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, DOCK)
    dock.show()
    dock.raise_()
    widget.show_page(number)
    return widget


def check_noise(viewer: napari.Viewer) -> None:
    """Say in a dock of its own what kind of noise the selected image has."""
    layer = _selected_image(viewer)
    if layer is None:
        show_info("Select the image whose noise you want to know, in the layer list.")
    else:
        _noise_check(viewer).check(layer)


def _selected_image(viewer: Any) -> Any:
    """Return the active layer if it is an image, else the first selected one."""
    active = viewer.layers.selection.active
    if active is not None and is_image(active):
        return active
    chosen = viewer.layers.selection
    return next((x for x in viewer.layers if x in chosen and is_image(x)), None)


def _noise_check(viewer: Any) -> NoiseCheck:
    """Return the dock of this viewer, in front; made again where it was closed."""
    from .noise_check import NoiseCheck

    window = viewer.window
    check = window.dock_widgets.get(NOISE_CHECK)
    if not isinstance(check, NoiseCheck) or not is_alive(check):
        check = NoiseCheck(viewer)
        check.denoiseClicked.connect(lambda layer: _denoise_layer(check, layer))
        window.add_dock_widget(
            check,
            name=NOISE_CHECK,
            area="right",
            add_vertical_stretch=False,
            tabify=True,
        )
    dock = _dock_around(check)
    if dock is not None:
        dock.show()
        _put_behind_one_another(dock)
        dock.raise_()
    return check


def _put_behind_one_another(dock: QDockWidget) -> None:
    """Make a dock a tab of its neighbour: two in a column would be too low to read.

    Qt forgets that a dock was a tab once it is hidden.
    """
    window = dock.parentWidget()
    if not isinstance(window, QMainWindow) or dock.isFloating():
        return
    area = window.dockWidgetArea(dock)
    for other in window.findChildren(QDockWidget):
        is_beside = other is not dock and window.dockWidgetArea(other) == area
        if is_beside and other.isVisible() and not other.isFloating():
            if dock not in window.tabifiedDockWidgets(other):
                window.tabifyDockWidget(other, dock)
            return


def _dock_around(widget: QWidget) -> QDockWidget | None:
    """Return the dock that holds a widget."""
    outer = widget.parentWidget()
    while outer is not None and not isinstance(outer, QDockWidget):
        outer = outer.parentWidget()
    return outer


def _denoise_layer(check: NoiseCheck, layer: Any) -> None:
    """Open the dock at its first page, which shows the same card, with this layer."""
    dock = _dock_around(check)
    if dock is not None:
        dock.hide()
    _open_page(check.viewer, 0).data_page.form.layers.setValue([layer])


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
