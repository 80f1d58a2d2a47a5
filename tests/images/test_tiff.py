from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import pytest
import tifffile

from napari_divnoise.images import estimate_normalization, open_images

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def frames() -> np.ndarray:
    return np.random.default_rng(0).poisson(100, (12, 40, 50)).astype(np.uint16)


def pages(path: Path, frames: np.ndarray) -> None:
    """Write a file that says nothing but its pages."""
    with tifffile.TiffWriter(path) as file:
        for frame in frames:
            file.write(frame, contiguous=False, metadata=None)


def settings(**keywords: Any) -> Callable[[Path, np.ndarray], None]:
    def write(path: Path, frames: np.ndarray) -> None:
        tifffile.imwrite(path, frames, **keywords)

    return write


WRITERS: dict[str, Callable[[Path, np.ndarray], None]] = {
    "imagej": settings(imagej=True, metadata={"axes": "TYX"}),
    "ome": settings(ome=True, metadata={"axes": "TYX"}),
    "shaped": settings(),
    "zlib": settings(compression="zlib"),
    "tiled": settings(tile=(16, 16)),
    "big": settings(bigtiff=True),
    "motorola": settings(byteorder=">"),
    "pages": pages,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_gives_the_same_images(
    kind: str, frames: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "a.tif"
    WRITERS[kind](path, frames)
    stack = open_images(path)
    assert stack.data.dtype.isnative
    np.testing.assert_array_equal(stack.data[:, 0], frames)
    assert stack.names == ("a.tif",)
    assert stack.axes in ("TYX", "NYX")


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("share", [0.001, 0.05, 0.3, 0.7, 0.97, 0.999])
def test_a_file_cut_off_is_never_a_shorter_stack(
    kind: str, share: float, frames: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "a.tif"
    WRITERS[kind](path, frames)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(
        ValueError, match=r"a\.tif (is cut off|cannot be read|is not a)"
    ):
        open_images(path)


def test_imagej_sizes_units_and_hyperstacks(tmp_path: Path) -> None:
    array = np.arange(3 * 4 * 2 * 32 * 40, dtype=np.uint16).reshape(3, 4, 2, 32, 40)
    tifffile.imwrite(
        tmp_path / "a.tif",
        array,
        imagej=True,
        resolution=(1 / 0.25, 1 / 0.5),
        metadata={"axes": "TZCYX", "unit": "um", "spacing": 2.0, "finterval": 1.5},
    )
    stack = open_images(tmp_path / "a.tif")
    assert (stack.axes, stack.shape) == ("TZCYX", (3, 4, 2, 32, 40))
    assert stack.data.shape == (12, 2, 32, 40)
    assert stack.scale == pytest.approx((1.5, 2.0, 1.0, 0.5, 0.25))
    assert stack.units == ("s", "um", "pixel", "um", "um")
    np.testing.assert_array_equal(stack.channel(1).plane(7), array[1, 3, 1])


def test_ome_sizes_units_and_channel_names(tmp_path: Path) -> None:
    array = np.arange(3 * 2 * 32 * 40, dtype=np.uint16).reshape(3, 2, 32, 40)
    tifffile.imwrite(
        tmp_path / "a.ome.tif",
        array,
        metadata={
            "axes": "TCYX",
            "PhysicalSizeX": 250.0,
            "PhysicalSizeXUnit": "nm",
            "PhysicalSizeY": 0.5,
            "TimeIncrement": 100.0,
            "TimeIncrementUnit": "ms",
            "Channel": {"Name": ["GFP", "DAPI"]},
        },
    )
    stack = open_images(tmp_path / "a.ome.tif")
    assert stack.axes == "TCYX"
    assert stack.scale == (100.0, 1.0, 0.5, 250.0)
    assert stack.units == ("ms", "pixel", "um", "nm")
    assert stack.channel_names == ("GFP", "DAPI")
    np.testing.assert_array_equal(stack.channel("DAPI").plane(2), array[2, 1])


def test_plain_resolution_is_believed_in_centimetres_only(tmp_path: Path) -> None:
    image = np.ones((32, 40), np.uint8)
    for unit, scale in {"CENTIMETER": 0.5, "INCH": 1.0}.items():
        tifffile.imwrite(
            tmp_path / "a.tif", image, resolution=(2e4, 2e4), resolutionunit=unit
        )
        assert open_images(tmp_path / "a.tif").scale == (scale, scale)


def test_a_large_uncompressed_stack_is_mapped_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    written = tifffile.memmap(path, shape=(40, 1024, 1024), dtype=np.uint16)
    written[37, 1000:] = 5
    written.flush()
    del written
    stack = open_images(path)
    assert isinstance(stack.data, np.memmap)
    assert not stack.data.flags.writeable
    assert stack.plane(37)[1000:].mean() == 5
    assert stack.plane(36).max() == 0


def test_a_large_compressed_stack_is_read_page_by_page(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    frames = (np.full((1024, 1024), n, np.uint16) for n in range(40))
    tifffile.imwrite(
        path, frames, shape=(40, 1024, 1024), dtype=np.uint16, compression="zlib"
    )
    stack = open_images(path)
    assert isinstance(stack.data, da.Array)
    assert stack.data.chunksize == (1, 1, 1024, 1024)
    assert [int(stack.plane(n)[5, 5]) for n in (0, 21, 39)] == [0, 21, 39]
    assert estimate_normalization(stack).mean == pytest.approx(19.5, rel=0.05)


def test_a_large_hyperstack_whose_images_are_apart_stays_lazy(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    written = tifffile.memmap(
        path, shape=(4, 2, 5, 1024, 1024), dtype=np.uint16, metadata={"axes": "TCZYX"}
    )
    written[3, 1, 2, :8] = 7
    written.flush()
    del written
    stack = open_images(path, channel=1)
    assert isinstance(stack.data, da.Array)
    assert stack.plane(3 * 5 + 2)[:8].mean() == 7


def test_colours_in_a_file(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", colours, photometric="rgb")
    with pytest.raises(ValueError, match=r"a\.tif is a colour \(RGB\) image"):
        open_images(tmp_path / "a.tif")
    picked = open_images(tmp_path / "a.tif", channel=2)
    np.testing.assert_array_equal(picked.plane(0), colours[..., 2])


def test_pages_of_different_sizes(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for size in (40, 40, 64):
            file.write(np.ones((size, size), np.uint8), metadata=None)
    with pytest.raises(ValueError, match="images of different sizes"):
        open_images(tmp_path / "a.tif")


def test_positions_of_one_size_are_images(frames: np.ndarray, tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.ome.tif") as file:
        for position in (frames[:6], frames[6:]):
            file.write(position, metadata={"axes": "TYX"})
    stack = open_images(tmp_path / "a.ome.tif")
    assert stack.axes == "PTYX"
    np.testing.assert_array_equal(stack.data[:, 0], frames)


def test_a_pyramid_is_read_at_full_resolution(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (128, 128), np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.ome.tif") as file:
        file.write(image, subifds=1, tile=(32, 32), metadata={"axes": "YX"})
        file.write(image[::2, ::2], subfiletype=1, tile=(32, 32))
    np.testing.assert_array_equal(open_images(tmp_path / "a.ome.tif").plane(0), image)


def test_a_file_of_a_set_stands_for_its_own_planes(
    frames: np.ndarray, tmp_path: Path
) -> None:
    xml = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" '
        'PhysicalSizeX="0.5" PhysicalSizeY="0.5" Type="uint16" SizeX="50" SizeY="40" '
        'SizeZ="1" SizeC="1" SizeT="2"><Channel ID="Channel:0" SamplesPerPixel="1"/>'
        '<TiffData FirstT="0" PlaneCount="1"><UUID FileName="0.ome.tif">'
        "urn:uuid:00000000-0000-0000-0000-000000000000</UUID></TiffData>"
        '<TiffData FirstT="1" PlaneCount="1"><UUID FileName="1.ome.tif">'
        "urn:uuid:00000000-0000-0000-0000-000000000001</UUID></TiffData>"
        "</Pixels></Image></OME>"
    )
    for number in (0, 1):
        tifffile.imwrite(
            tmp_path / f"{number}.ome.tif",
            frames[number],
            description=xml,
            metadata=None,
        )
    one = open_images(tmp_path / "1.ome.tif")
    np.testing.assert_array_equal(one.data[:, 0], frames[1:2])
    assert one.scale[-2:] == (0.5, 0.5)
    both = open_images(tmp_path)
    np.testing.assert_array_equal(both.data[:, 0], frames[:2])


@pytest.mark.parametrize("content", [b"", b"II", b"not an image at all", b"\0" * 400])
def test_a_file_that_is_no_tiff(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.tif is (not a TIFF|cut off)"):
        open_images(path)


def test_damaged_pixels_are_found_when_read(frames: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, frames, compression="zlib")
    with tifffile.TiffFile(path) as file:
        offset = file.pages[3].dataoffsets[0]
    content = bytearray(path.read_bytes())
    content[offset : offset + 500] = bytes(500)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.tif cannot be read"):
        open_images(path)
    with pytest.raises(ValueError, match=r"a\.tif cannot be read"):
        open_images([path, path])
