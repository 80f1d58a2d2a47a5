"""Is a TIFF file whole? A lost end would otherwise pass for a shorter stack.

tifffile stops at the first page header that it cannot find, and says so only in a
log. All that a file refers to is therefore compared with the file's length first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from tifffile import TiffFile, TiffPageSeries

# Bytes per value of the field types 0 to 18 (TIFF 6.0, page 15; BigTIFF), 0 beyond.
_BYTES = np.zeros(1 << 16, np.uint64)
_BYTES[:19] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8]
# Description, strip and tile offsets and byte counts. Makers of microscopes write
# whatever they like into other tags.
_NEEDED = (270, 273, 279, 324, 325)


def check_headers(path: Path) -> None:
    """Follow the chain of page headers, and what they point to, to the end.

    Raises
    ------
    ValueError
        If the file is no TIFF, or ends before what it refers to.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(16)
        order = {b"II": "<", b"MM": ">"}.get(start[:2])
        if order is None:
            raise ValueError(f"{path.name} is not a TIFF file: check where it is from")
        if len(start) < 16:
            raise cut_off(path, "its header is missing")
        is_big = int(np.frombuffer(start, f"{order}u2", 1, 2)[0]) == 43
        word = np.dtype(f"{order}u8" if is_big else f"{order}u4")
        offset = int(np.frombuffer(start, word, 1, 8 if is_big else 4)[0])
        seen: set[int] = set()
        while (offset or not seen) and offset not in seen:
            seen.add(offset)
            end, offset = _header_end(file, offset, word)
            if end > size or offset > size:
                finding = f"page {len(seen)} reaches to byte {max(end, offset)}"
                raise cut_off(path, f"{finding} of {size}")


def _header_end(file: BinaryIO, offset: int, word: np.dtype[Any]) -> tuple[int, int]:
    """Return the last byte that a page header needs, and where the next header is.

    A header is a count, entries (tag, type, count, value or its place), and the
    place of the next header, or 0.
    """
    count = np.dtype("u8" if word.itemsize == 8 else "u2").newbyteorder(word.byteorder)
    file.seek(offset)
    counted = file.read(count.itemsize)
    if len(counted) < count.itemsize:
        return offset + count.itemsize, 0
    half = np.dtype("u2").newbyteorder(word.byteorder)
    entry = np.dtype([("tag", half), ("type", half), ("n", word), ("value", word)])
    n_bytes = int(np.frombuffer(counted, count)[0]) * entry.itemsize
    end = offset + count.itemsize + n_bytes + word.itemsize
    rest = file.read(min(n_bytes + word.itemsize, 1 << 20))
    if len(rest) < n_bytes + word.itemsize:
        return end, 0
    entries = np.frombuffer(rest[:n_bytes], entry)
    lengths = _BYTES[entries["type"]] * entries["n"].astype(np.uint64)
    needed = (lengths > word.itemsize) & np.isin(entries["tag"], _NEEDED)
    ends = entries["value"][needed].astype(np.uint64) + lengths[needed]
    following = int(np.frombuffer(rest, word, 1, n_bytes)[0])
    return max(end, int(ends.max(initial=0))), following


def check_pixels_end(tif: TiffFile, series: TiffPageSeries, path: Path) -> None:
    """Compare where the pixels of a series should end with where the file does.

    Raises
    ------
    ValueError
        If pixels, or images that ImageJ counted, are missing.
    """
    size = tif.filehandle.size
    if series.dataoffset is not None:
        end = series.dataoffset + series.nbytes
    else:
        page = series.pages[-1]
        starts, counts = (page.dataoffsets, page.databytecounts) if page else ((), ())
        end = max(map(sum, zip(starts, counts, strict=False)), default=0)
    if end > size:
        raise cut_off(path, f"the pixels reach to byte {end} of {size}")
    n_counted = int((tif.imagej_metadata or {}).get("images", 1))
    n_pages = int(np.prod(series.shape[:-2]))
    if n_counted > n_pages:
        raise cut_off(path, f"{n_pages} of {n_counted} images are there")


def cut_off(path: Path, finding: str) -> ValueError:
    """Return the error for a file whose end is missing."""
    return ValueError(
        f"{path.name} is cut off ({finding}): copy or export it again, the download "
        f"or the acquisition probably stopped early"
    )
