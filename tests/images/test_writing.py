from __future__ import annotations

from typing import TYPE_CHECKING

import dask.array as da
import numpy as np
import pytest
import tifffile

from napari_divnoise.images import open_images, write_tiff

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif"])
@pytest.mark.parametrize("lazy", [False, True])
def test_what_is_written_is_read_with_scale_and_units(
    name: str, lazy: bool, tmp_path: Path
) -> None:
    array = np.random.default_rng(0).random((3, 4, 40, 50), np.float32)
    write_tiff(
        tmp_path / name,
        da.from_array(array, (1, 1, 40, 50)) if lazy else array,
        axes="TZYX",
        scale=(2.0, 0.5, 0.25, 0.125),
        units=("s", "um", "um", "um"),
    )
    stack = open_images(tmp_path / name)
    assert stack.axes == "TZYX"
    assert stack.scale == pytest.approx((2.0, 0.5, 0.25, 0.125), rel=1e-6)
    assert stack.units == ("s", "um", "um", "um")
    np.testing.assert_array_equal(stack.data[:, 0], array.reshape(12, 40, 50))


@pytest.mark.parametrize(
    ("axes", "written"),
    [
        ("YX", "YX"),
        ("NYX", "TYX"),
        ("YXC", "CYX"),
        ("ZTYX", "TZYX"),
        ("NZYX", "TZYX"),
        ("NTYX", "TZYX"),
        ("NTZYX", "TYX"),
    ],
)
def test_every_order_of_axes_has_its_place(
    axes: str, written: str, tmp_path: Path
) -> None:
    sizes = {"N": 2, "T": 3, "Z": 4, "C": 5, "Y": 40, "X": 50}
    shape = tuple(sizes[letter] for letter in axes)
    array = np.random.default_rng(0).random(shape, np.float32)
    write_tiff(tmp_path / "a.tif", array, axes=axes)
    stack = open_images(tmp_path / "a.tif")
    assert stack.axes == written
    assert stack.units == ("pixel",) * len(written)
    assert sorted(np.ravel(np.asarray(stack.data))) == sorted(array.ravel())


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "i4", "u4", "f4", "f8"])
def test_types_are_kept(dtype: str, tmp_path: Path) -> None:
    array = np.arange(2000).reshape(40, 50).astype(dtype)
    write_tiff(tmp_path / "a.tif", array, axes="YX")
    stack = open_images(tmp_path / "a.tif")
    assert stack.data.dtype == array.dtype
    np.testing.assert_array_equal(stack.plane(0), array)


def test_time_units_reach_imagej_in_seconds(tmp_path: Path) -> None:
    array = np.ones((3, 40, 50), np.float32)
    units = ("ms", "nm", "nm")
    write_tiff(tmp_path / "a.tif", array, axes="TYX", scale=(50, 9, 9), units=units)
    stack = open_images(tmp_path / "a.tif")
    assert stack.scale == pytest.approx((0.05, 9, 9))
    assert stack.units == ("s", "nm", "nm")


def test_imagej_recognises_the_file(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", np.ones((3, 40, 50), np.float32), axes="ZYX")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.is_imagej
        assert file.imagej_metadata is not None
        assert file.imagej_metadata["slices"] == 3


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    old = np.ones((40, 50), np.float32)
    write_tiff(path, old, axes="YX")

    def fail(block_id: tuple[int, ...]) -> np.ndarray:
        if block_id[0] == 2:
            raise OSError("no space left on device")
        return np.zeros((1, 40, 50), np.float32)

    broken = da.map_blocks(
        fail, chunks=((1, 1, 1), (40,), (50,)), dtype=np.float32, meta=old[None]
    )
    with pytest.raises(OSError, match="no space left"):
        write_tiff(path, broken, axes="NYX")
    assert [inner.name for inner in tmp_path.iterdir()] == ["a.tif"]
    np.testing.assert_array_equal(open_images(path).plane(0), old)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with pytest.raises(ValueError, match=r"complex64 cannot be written to a\.tif"):
        write_tiff(path, np.ones((4, 4), np.complex64), axes="YX")
    with pytest.raises(ValueError, match="2 letters, the array has 3"):
        write_tiff(path, np.ones((2, 4, 4), np.float32), axes="YX")
    with pytest.raises(ValueError, match="need 2 scales and units, got 3 and 2"):
        write_tiff(path, np.ones((4, 4), np.float32), axes="YX", scale=(1, 1, 1))
    assert not path.exists()
