from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import pytest
import tifffile
import zarr
from skimage.io import imsave

from napari_divnoise.images import ImageStack, open_images

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def frames() -> np.ndarray:
    return np.random.default_rng(0).poisson(100, (12, 40, 50)).astype(np.uint16)


def test_one_image_and_a_stack(frames: np.ndarray) -> None:
    one, many = open_images(frames[0]), open_images(frames)
    assert (one.axes, one.data.shape) == ("YX", (1, 1, 40, 50))
    assert (many.axes, many.data.shape) == ("NYX", (12, 1, 40, 50))
    assert many.scale == (1.0, 1.0, 1.0)
    assert many.units == ("pixel",) * 3
    np.testing.assert_array_equal(many.plane(7), frames[7])


def test_three_images_are_a_stack_and_not_three_channels(frames: np.ndarray) -> None:
    assert open_images(frames[:3]).axes == "NYX"


def test_an_array_is_neither_copied_nor_written_to(frames: np.ndarray) -> None:
    frames.flags.writeable = False
    assert np.shares_memory(open_images(frames).data, frames)


@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "u2", "<i2", ">u2", ">f4", "i8", "f2", "f8"]
)
def test_any_integer_or_float_in_native_byte_order(dtype: str) -> None:
    array = np.arange(40 * 40).reshape(40, 40).astype(dtype)
    stack = open_images(array)
    assert stack.data.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(stack.plane(0), array)


def test_dask_and_zarr_arrays_stay_where_they_are(
    frames: np.ndarray, tmp_path: Path
) -> None:
    stored = zarr.create_array(tmp_path / "a.zarr", data=frames, chunks=(1, 40, 50))
    for array in (da.from_array(frames, (1, 40, 50)), stored):
        stack = open_images(array)
        assert isinstance(stack.data, da.Array)
        np.testing.assert_array_equal(stack.plane(3), frames[3])


def test_axes_and_channel_by_hand(frames: np.ndarray) -> None:
    array = np.moveaxis(frames.reshape(3, 4, 40, 50), 1, -1)
    stack = open_images(array, axes="tyxc", channel=2)
    assert (stack.axes, stack.shape) == ("TYXC", (3, 40, 50, 4))
    np.testing.assert_array_equal(stack.plane(1), frames[1 * 4 + 2])


def test_a_stack_passes_through(frames: np.ndarray) -> None:
    stack = open_images(frames)
    assert open_images(stack) is stack
    assert open_images(stack, channel=0).n_channels == 1


def test_a_folder_is_read_in_the_order_people_count(
    frames: np.ndarray, tmp_path: Path
) -> None:
    for number, frame in enumerate(frames):
        imsave(tmp_path / f"t{number}.png", frame, check_contrast=False)
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden.png").write_bytes(b"")
    for source in (tmp_path, str(tmp_path), tmp_path / "t*", str(tmp_path / "*.png")):
        stack = open_images(source)
        np.testing.assert_array_equal(stack.data[:, 0], frames)
    assert stack.axes == "NYX"
    assert stack.names == tuple(f"t{number}.png" for number in range(12))


def test_a_list_of_files_of_every_kind(frames: np.ndarray, tmp_path: Path) -> None:
    imsave(tmp_path / "a.png", frames[0], check_contrast=False)
    keywords: dict[str, Any] = {"compression": "zlib", "photometric": "minisblack"}
    tifffile.imwrite(tmp_path / "b.tif", frames[1:5], **keywords)
    zarr.create_array(tmp_path / "c.zarr", data=frames[5:])
    stack = open_images([tmp_path / name for name in ("a.png", "b.tif", "c.zarr")])
    np.testing.assert_array_equal(stack.data[:, 0], frames)
    assert stack.names == ("a.png", "b.tif", "c.zarr")


def test_a_list_of_arrays(frames: np.ndarray) -> None:
    stack = open_images([frames[0], frames[1].astype(np.uint8)])
    assert stack.data.dtype == np.uint16
    np.testing.assert_array_equal(stack.data[:, 0], frames[:2])


@pytest.mark.parametrize("axes", ["YXC", "NYXC"])
def test_axes_of_a_list_describe_an_item_or_all(frames: np.ndarray, axes: str) -> None:
    colours = np.moveaxis(frames[:3], 0, -1)
    stack = open_images([colours, colours], axes=axes, channel=1)
    assert stack.axes == "NCYX"
    np.testing.assert_array_equal(stack.plane(1), frames[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits open files, as Unix does")
def test_more_files_than_a_process_may_hold_open(tmp_path: Path) -> None:
    import resource

    image = np.random.default_rng(0).integers(0, 9, (256, 256), np.uint16)
    for number in range(150):
        tifffile.imwrite(tmp_path / f"{number}.tif", image + np.uint16(number))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))
    try:
        stack = open_images(tmp_path)
        assert stack.data.shape == (150, 1, 256, 256)
        np.testing.assert_array_equal(stack.plane(137), image + 137)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_folder_larger_than_the_limit_stays_on_disk(tmp_path: Path) -> None:
    # 9 files of 8 MiB: each a block, together more than is read at once.
    image = np.zeros((2048, 2048), np.uint16)
    for number in range(9):
        image[0, 0] = number
        tifffile.imwrite(tmp_path / f"{number}.tif", image, compression="zlib")
    stack = open_images(tmp_path)
    assert isinstance(stack.data, da.Array)
    assert [int(stack.data[n, 0, 0, 0].compute()) for n in (0, 8)] == [0, 8]


# What is no image --------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(0, 40), (0, 40, 50), (3, 0, 0)])
def test_empty(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="is empty, shape"):
        open_images(np.empty(shape))


@pytest.mark.parametrize("shape", [(100,), ()])
def test_one_dimension_or_none(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least two, rows and columns"):
        open_images(np.ones(shape))


@pytest.mark.parametrize("shape", [(40, 50, 3), (40, 50, 4), (5, 40, 50, 3)])
def test_colours_ask_for_a_channel(shape: tuple[int, ...]) -> None:
    colours = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    with pytest.raises(ValueError, match=r"colour \(RGB\).*channel=0, 1 or 2"):
        open_images(colours)
    picked = open_images(colours, channel=1)
    first = colours.reshape(-1, 40, 50, shape[-1])[0]
    np.testing.assert_array_equal(picked.plane(0), first[..., 1])


@pytest.mark.parametrize(
    "dtype", [np.complex64, np.complex128, bool, object, "U3", "M8[s]"]
)
def test_pixels_that_are_no_intensities(dtype: object) -> None:
    with pytest.raises(TypeError, match="intensities are integers or floats"):
        open_images(np.zeros((40, 50), dtype))


@pytest.mark.parametrize("source", [None, 3.5, {"a": 1}, [1, 2], object()])
def test_things_that_are_no_images(source: object) -> None:
    with pytest.raises(TypeError, match="give a path, an array"):
        open_images(source)


def test_an_empty_list() -> None:
    with pytest.raises(ValueError, match="list of images is empty"):
        open_images([])


def test_images_of_different_sizes_are_named(tmp_path: Path) -> None:
    for name, shape in {"a": (40, 50), "b": (40, 50), "c": (64, 64)}.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", np.ones(shape, np.uint8))
    with pytest.raises(ValueError, match=r"a\.tif is 40x50 and c\.tif is 64x64"):
        open_images(tmp_path)
    with pytest.raises(ValueError, match="array 0 is 4x5 and array 1 is 5x4"):
        open_images([np.ones((4, 5)), np.ones((5, 4))])


def test_images_of_different_channels() -> None:
    with pytest.raises(ValueError, match="differ in channels"):
        open_images([np.ones((2, 40, 50)), np.ones((3, 40, 50))], axes="CYX")


def test_the_wrong_axes(frames: np.ndarray) -> None:
    for axes in ("YX", "TZYX", "TYQ", "CC"):
        with pytest.raises(ValueError, match=f"axes '{axes}'.*for example 'NYX'"):
            open_images(frames, axes=axes)
    with pytest.raises(ValueError, match="3 letters, the array has 2"):
        open_images(frames[0], axes="NYX")


def test_a_channel_that_is_not_there(frames: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no channel 1"):
        open_images(frames, channel=1)


def test_missing_paths(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="give a file or folder"):
        open_images(tmp_path / "none.tif")
    with pytest.raises(FileNotFoundError, match=r"\*\.png"):
        open_images(tmp_path / "*.png")
    with pytest.raises(FileNotFoundError, match="no images in the folder"):
        open_images(tmp_path)


def test_a_kind_of_file_that_nobody_here_reads(tmp_path: Path) -> None:
    path = tmp_path / "image.czi"
    path.write_bytes(b"anything")
    with pytest.raises(ValueError, match="save it as TIFF, PNG or OME-Zarr"):
        open_images(path)


@pytest.mark.realdata
def test_real_images_of_every_kind(divnoise_data: Path) -> None:
    expected = {
        "fmd/raw/Confocal_MICE_1.png": ((1, 1, 512, 512), "u1"),
        "convallaria/noisy_1024_uint16.tif": ((1, 1, 1024, 1024), "u2"),
        "stem": ((1, 1, 1024, 1024), "f4"),
        "livecells/images": ((8, 1, 725, 725), "u1"),
        "dsb2018/images.tif": ((60, 1, 256, 256), "u1"),
    }
    for source, (shape, dtype) in expected.items():
        stack = open_images(divnoise_data / source)
        assert isinstance(stack, ImageStack)
        assert stack.data.shape == shape
        assert stack.data.dtype == np.dtype(dtype)
        assert np.ptp(stack.plane(0)) > 0
