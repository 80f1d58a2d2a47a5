"""TIFF files, ImageJ's and OME's too: opened, checked for their end, not yet read."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from .lazy import dask_array
from .raw import RawImage, own_letters
from .tiff_ends import check_headers, check_pixels_end
from .tiff_sizes import tiff_channel_names, tiff_sizes

if TYPE_CHECKING:
    from pathlib import Path

    from tifffile import TiffFile, TiffPageSeries

_COLOUR_MODELS = {2, 6}  # Photometric interpretation: RGB and YCbCr
_SIDE_SERIES = {"label", "macro", "thumbnail"}
_MAX_PAGE_CHUNK = 1 << 26


def open_tiff(path: Path) -> RawImage:
    """Open the images of one TIFF file without reading their pixels.

    An uncompressed stack is memory-mapped; any other is a dask array whose blocks
    are read where they are indexed. A file that belongs to an OME set stands for
    the planes that it holds itself.

    Raises
    ------
    ValueError
        If the file is cut off, or holds images of different sizes.
    """
    import tifffile

    check_headers(path)
    with tifffile.TiffFile(path) as tif:
        sizes, channel_names = tiff_sizes(tif), tiff_channel_names(tif)
        only_own_pages = _reaches_elsewhere(tif)
    with _open(path, only_own_pages) as tif:
        chosen = _main_series(tif, path)
        for index in chosen:
            check_pixels_end(tif, tif.series[index], path)
        first = tif.series[chosen[0]]
        axes = _letters(first)
        is_rgb = "S" in first.axes and first.keyframe.photometric in _COLOUR_MODELS
    data = [_lazily(path, index, only_own_pages) for index in chosen]
    if len(data) > 1:
        stacked = dask_array().stack(data)
        return RawImage(stacked, own_letters("P" + axes), sizes, channel_names)
    return RawImage(data[0], axes, sizes, channel_names, is_rgb)


def _open(path: Path, only_own_pages: bool) -> TiffFile:
    import tifffile

    if only_own_pages:
        return tifffile.TiffFile(path, is_ome=False)
    return tifffile.TiffFile(path)


def _letters(series: TiffPageSeries) -> str:
    """Our letters for tifffile's, whose S means the samples (colours) of a pixel."""
    axes = series.axes
    return own_letters(axes.replace("S", "C") if "C" not in axes else axes)


def _reaches_elsewhere(tif: TiffFile) -> bool:
    """Whether OME metadata claims planes that lie in other files, or nowhere."""
    return bool(tif.is_ome) and any(
        series.is_multifile or any(page is None for page in series.pages)
        for series in tif.series
    )


def _main_series(tif: TiffFile, path: Path) -> list[int]:
    """Numbers of the series that hold images, thumbnails left out."""
    kept = [
        index
        for index, series in enumerate(tif.series)
        if not series.keyframe.is_reduced and series.name.lower() not in _SIDE_SERIES
    ] or [0]
    shapes = {tif.series[index].shape: None for index in kept}
    if len(shapes) > 1:
        listed = ", ".join(str(shape) for shape in list(shapes)[:4])
        raise ValueError(
            f"{path.name} holds images of different sizes ({listed}): all must be "
            f"alike, save them in separate files and open those that belong together"
        )
    return kept


def _lazily(path: Path, index: int, only_own_pages: bool) -> Any:
    """Map the file into memory where its bytes allow it, else read it by blocks."""
    tif = _open(path, only_own_pages)
    series = tif.series[index]
    offset, dtype = series.dataoffset, series.dtype
    if offset is not None and dtype is not None and series.keyframe.is_memmappable:
        tif.close()
        stored = dtype.newbyteorder(tif.byteorder)
        return np.memmap(path, stored, "r", offset, series.shape)
    return _from_store(tif, series)


def _from_store(tif: TiffFile, series: TiffPageSeries) -> Any:
    """Make a dask array of pages, or of their tiles where pages are large."""
    import zarr

    large = series.keyframe.nbytes > _MAX_PAGE_CHUNK
    store = series.aszarr(level=0, chunkmode="strile" if large else "page")
    # The file stays open as long as an array may read from it, and no longer.
    weakref.finalize(store, tif.close)
    return dask_array().from_zarr(zarr.open_array(store, mode="r"))
