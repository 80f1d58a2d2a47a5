"""Figures written to files: galleries of images, and curves.

Matplotlib is used through its objects and Agg only: no window, no global state.
"""

from __future__ import annotations

from io import BytesIO
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from .files import write_whole
from .pictures import (
    Array,
    Limits,
    check_image,
    cover_png,
    grey_limits,
    percentiles,
    save_samples_gif,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

__all__ = ["cover_png", "save_curve", "save_gallery", "save_samples_gif"]

PANEL_INCHES = 3.2
DPI = 160
BACKGROUND = "#16181c"
INK = "#e8eaed"
FAINT_INK = "#5f6672"
COLOURS = ("#4cc9f0", "#f9a03f", "#b388eb", "#7bd88f", "#ff6b8b", "#e8eaed")
SPREAD = "std"
OUTLINE = withStroke(linewidth=2, foreground="black")


def save_gallery(
    path: str | Path,
    images: Mapping[str, Array],
    *,
    scale: float | None = None,
    unit: str = "um",
    contrast_limits: Limits | None = None,
    n_columns: int = 4,
) -> None:
    """Write images side by side, with a scale bar, and a colour bar for their spread.

    Parameters
    ----------
    path : str or Path
        Where to; the suffix (png, pdf, svg, ...) says how. Replaced whole if there.
    images : mapping of str to ndarray, shape (Y, X)
        Title and image, in camera units. All share one grey scale but those whose
        title begins with ``std``, which share another, in magma.
    scale : float, optional
        Size of a pixel, in `unit`, greater than 0; no scale bar without it.
    unit : str
        Unit of `scale`: "um" is written µm.
    contrast_limits : tuple of float, optional
        Black and white, in camera units. By default the percentiles 0.1 and 99.8 of
        the image called ``mean`` or, without one, of all grey images.
    n_columns : int
        Most images in a row, at least 1.

    Raises
    ------
    ValueError
        If there is no image, one is not two-dimensional or empty, or a number is out
        of range.
    StorageError
        If the disk refuses.
    """
    _check_images(images)
    if n_columns < 1:
        raise ValueError(f"n_columns is {n_columns}: a row holds at least 1 image")
    n_columns = min(n_columns, len(images))
    figure, grid = _panels(ceil(len(images) / n_columns), n_columns, images)
    grey, magma = _limits(images)
    low, high = contrast_limits or grey
    for axes, (title, image) in zip(grid, images.items(), strict=False):
        axes.set_title(title, color=INK, fontsize=11, pad=6)
        if title.startswith(SPREAD):
            shown = axes.imshow(image, cmap="magma", vmin=magma[0], vmax=magma[1])
            _add_colour_bar(figure, axes, shown)
        else:
            axes.imshow(image, cmap="gray", vmin=low, vmax=high)
    if scale is not None:
        first = next(iter(images.values()))
        _add_scale_bar(grid[0], first.shape, scale, unit)
    _save(figure, Path(path))


def save_curve(
    path: str | Path,
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    x_label: str,
    y_label: str,
    title: str = "",
) -> None:
    """Write lines into one plot: a loss while training, dB against seconds.

    Parameters
    ----------
    path : str or Path
        Where to; the suffix says how. Replaced whole if there.
    curves : mapping of str to pair of sequences of float
        Name of each line, its x and its y. Points that are not finite are gaps.
    x_label, y_label : str
        Names of the axes, with their unit.
    title : str
        What is written above.

    Raises
    ------
    ValueError
        If there is no curve, or one has not as many x as y.
    StorageError
        If the disk refuses.
    """
    if not curves:
        raise ValueError("there is no curve to draw: give at least one")
    figure = _dark_figure((6.4, 4))
    axes = figure.subplots()
    for i, (name, (x, y)) in enumerate(curves.items()):
        if len(x) != len(y):
            raise ValueError(
                f"curve {name!r} has {len(x)} x but {len(y)} y: give pairs"
            )
        colour = COLOURS[i % len(COLOURS)]
        marker = "o" if len(x) < 30 else ""
        axes.plot(x, y, color=colour, label=name, lw=1.6, marker=marker, ms=4)
    _style_plot(axes, x_label, y_label, title)
    _save(figure, Path(path))


def _check_images(images: Mapping[str, Array]) -> None:
    if not images:
        raise ValueError("there is no image to show: give at least one")
    for title, image in images.items():
        check_image(title, image)


def _panels(
    n_rows: int, n_columns: int, images: Mapping[str, Array]
) -> tuple[Figure, list[Axes]]:
    """Return a dark figure with a frameless panel for each image, in reading order."""
    height = max(image.shape[0] / image.shape[1] for image in images.values())
    height = min(max(height, 0.3), 3.0)
    size = (PANEL_INCHES * n_columns, (PANEL_INCHES * height + 0.25) * n_rows)
    figure = _dark_figure(size)
    grid = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    return figure, list(grid)


def _dark_figure(size: tuple[float, float]) -> Figure:
    figure = Figure(figsize=size, dpi=DPI, facecolor=BACKGROUND, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _limits(images: Mapping[str, Array]) -> tuple[Limits, Limits]:
    """Return the contrast limits of the grey images, and those of the spread."""
    grey = {t: image for t, image in images.items() if not t.startswith(SPREAD)}
    spread = [image for title, image in images.items() if title not in grey]
    shown = [grey["mean"]] if "mean" in grey else list(grey.values())
    (top,) = percentiles(spread, 99.8) if spread else (1.0,)
    return grey_limits(*shown) if shown else (0.0, 1.0), (0.0, top or 1.0)


def _add_colour_bar(figure: Figure, axes: Axes, shown: AxesImage) -> None:
    # Inside the panel, so that all panels stay of one size.
    place = axes.inset_axes((0.9, 0.05, 0.03, 0.4))
    bar = figure.colorbar(shown, cax=place, ticks=list(shown.get_clim()))
    bar.ax.yaxis.set_ticks_position("left")
    labels = bar.ax.set_yticklabels([f"{value:.3g}" for value in shown.get_clim()])
    for label in labels:
        label.set_path_effects([OUTLINE])
    bar.ax.tick_params(colors=INK, labelsize=8, length=0, pad=3)
    bar.outline.set_visible(False)


def _add_scale_bar(axes: Axes, shape: tuple[int, ...], scale: float, unit: str) -> None:
    """Draw a bar of a round length, about a fifth of the panel, into its corner."""
    if not scale > 0:
        raise ValueError(f"scale is {scale}: a pixel must be larger than 0")
    length = _round_length(shape[1] * scale / 5)
    right, bottom = 0.95 * shape[1], 0.94 * shape[0]
    left = right - length / scale
    axes.plot(
        [left, right], [bottom, bottom], color="white", lw=3, solid_capstyle="butt"
    )
    label = f"{length:g} {'µm' if unit == 'um' else unit}"
    middle = ((left + right) / 2, bottom - 0.02 * shape[0])
    text = axes.annotate(label, middle, color="white", fontsize=9, ha="center")
    text.set_path_effects([OUTLINE])


def _round_length(length: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is not above `length`."""
    power = 10.0 ** floor(log10(length))
    return max(step * power for step in (1, 2, 5) if step * power <= length * 1.000001)


def _style_plot(axes: Axes, x_label: str, y_label: str, title: str) -> None:
    axes.set_facecolor(BACKGROUND)
    axes.set_xlabel(x_label, color=INK)
    axes.set_ylabel(y_label, color=INK)
    axes.set_title(title, color=INK)
    axes.tick_params(colors=FAINT_INK, labelcolor=INK)
    axes.grid(color=FAINT_INK, alpha=0.25, linewidth=0.6)
    for name, spine in axes.spines.items():
        spine.set_color(FAINT_INK)
        spine.set_visible(name in ("left", "bottom"))
    axes.legend(frameon=False, labelcolor=INK)


def _save(figure: Figure, path: Path) -> None:
    """Write the figure whole; the suffix of `path` names the format."""
    buffer = BytesIO()
    kind = path.suffix.removeprefix(".").lower() or "png"
    figure.savefig(buffer, format=kind, bbox_inches="tight", pad_inches=0.08)
    write_whole(path, buffer.getvalue())
