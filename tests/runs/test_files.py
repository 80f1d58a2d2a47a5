"""A file is there whole or not at all, and a full disk is a sentence."""

from __future__ import annotations

from pathlib import Path

import dask.array as da
import numpy as np
import pytest

from napari_divnoise.runs.files import (
    StorageError,
    arrays_hash,
    data_hash,
    write_pixels,
    write_whole,
)

FULL = Path("/dev/full")
needs_full_disk = pytest.mark.skipif(
    not FULL.exists(), reason="only Linux has a device that is always full"
)


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_whole(path, b"old")
    write_whole(path, b"newer")
    assert path.read_bytes() == b"newer"
    assert list(tmp_path.iterdir()) == [path]


@needs_full_disk
def test_a_full_disk_leaves_the_old_file_intact(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_whole(path, b"old")
    (tmp_path / "a.bin.partial").symlink_to(FULL)
    with pytest.raises(StorageError, match=r"no space left.*--resume"):
        write_whole(path, b"new" * 10_000)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="folder you may write to"):
        write_whole(tmp_path / "no" / "a.bin", b"x")


@pytest.mark.parametrize("dtype", ["uint8", ">u2", "float32", "int16"])
@pytest.mark.parametrize("shape", [(5, 7), (3, 5, 7), (2, 3, 5, 7)])
def test_pixels_are_read_back_as_a_map(
    tmp_path: Path, dtype: str, shape: tuple[int, ...]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 99, shape).astype(dtype)
    for source in (pixels, da.from_array(pixels), pixels[..., ::-1]):
        write_pixels(tmp_path / "images.npy", source)
        back = np.load(tmp_path / "images.npy", mmap_mode="r", allow_pickle=False)
        np.testing.assert_array_equal(back, np.asarray(source))
        assert back.dtype == pixels.dtype


def test_a_hash_is_that_of_the_pixels_wherever_they_are(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 99, (3, 40, 50)).astype("uint16")
    write_pixels(tmp_path / "a.npy", pixels)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert data_hash(mapped) == data_hash(pixels) == data_hash(da.from_array(pixels))


def test_a_hash_tells_one_pixel_the_type_and_the_shape() -> None:
    pixels = np.zeros((2, 4, 6), np.uint16)
    other = pixels.copy()
    other[1, 3, 5] = 1
    variants = [pixels, other, pixels.astype("int16"), pixels.reshape(2, 6, 4)]
    assert len({data_hash(variant) for variant in variants}) == 4


def test_a_hash_of_arrays_does_not_depend_on_their_order() -> None:
    a, b = np.arange(3.0), np.arange(4)
    assert arrays_hash({"a": a, "b": b}) == arrays_hash({"b": b, "a": a})
    assert arrays_hash({"a": a, "b": b}) != arrays_hash({"a": a, "c": b})
    assert arrays_hash({"a": a}) != arrays_hash({"a": a + 1e-9})
