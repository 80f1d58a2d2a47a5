from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_divnoise.images import open_images

if TYPE_CHECKING:
    from pathlib import Path

ARRAY = np.arange(3 * 2 * 40 * 50, dtype=np.uint16).reshape(3, 2, 40, 50)
AXES = [
    {"name": "t", "type": "time", "unit": "second"},
    {"name": "c", "type": "channel"},
    {"name": "y", "type": "space", "unit": "micrometer"},
    {"name": "x", "type": "space", "unit": "micrometer"},
]


def multiscales(**changes: Any) -> dict[str, Any]:
    def level(path: str, factor: float) -> dict[str, Any]:
        scale = [1.0, 1.0, 0.5 * factor, 0.25 * factor]
        transforms = [{"type": "scale", "scale": scale}]
        return {"path": path, "coordinateTransformations": transforms}

    image = {
        "axes": AXES,
        "datasets": [level("s0", 1), level("s1", 2)],
        "coordinateTransformations": [{"type": "scale", "scale": [0.1, 1, 1, 1]}],
    }
    omero = {"channels": [{"label": "GFP"}, {"label": "DAPI"}]}
    return {"multiscales": [{**image, **changes}], "omero": omero}


def write(path: Path, zarr_format: Any, **changes: Any) -> Path:
    """Write an OME-Zarr image of version 0.4 (zarr 2) or 0.5 (zarr 3)."""
    group = zarr.create_group(path, zarr_format=zarr_format)
    group.create_array("s0", data=ARRAY, chunks=(1, 1, 40, 50))
    group.create_array("s1", data=ARRAY[..., ::2, ::2])
    metadata = multiscales(**changes)
    group.attrs.update({"ome": metadata} if zarr_format == 3 else metadata)
    return path


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_full_resolution_with_axes_scale_units_and_names(
    zarr_format: int, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.ome.zarr", zarr_format)
    stack = open_images(path)
    assert (stack.axes, stack.shape) == ("TCYX", ARRAY.shape)
    assert stack.scale == pytest.approx((0.1, 1.0, 0.5, 0.25))
    assert stack.units == ("s", "pixel", "um", "um")
    assert stack.channel_names == ("GFP", "DAPI")
    assert stack.names == ("a.ome.zarr",)
    np.testing.assert_array_equal(stack.channel("DAPI").plane(2), ARRAY[2, 1])


def test_axes_of_older_versions(tmp_path: Path) -> None:
    stack = open_images(write(tmp_path / "a.zarr", 2, axes=["t", "c", "y", "x"]))
    assert stack.axes == "TCYX"
    assert stack.units == ("pixel",) * 4


def test_a_large_array_stays_on_disk(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=3)
    array = group.create_array(
        "0", shape=(40, 1024, 1024), chunks=(1, 512, 512), dtype=np.uint16
    )
    array[39] = 5
    image = {"axes": [{"name": k} for k in "zyx"], "datasets": [{"path": "0"}]}
    group.attrs["ome"] = {"multiscales": [image]}
    stack = open_images(tmp_path / "a.zarr")
    assert isinstance(stack.data, da.Array)
    assert stack.axes == "ZYX"
    assert stack.plane(39).mean() == 5


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_plain_zarr_array(zarr_format: Any, tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=ARRAY[:, 0], zarr_format=zarr_format)
    stack = open_images(tmp_path / "a.zarr")
    assert stack.axes == "NYX"
    np.testing.assert_array_equal(stack.data[:, 0], ARRAY[:, 0])


def test_a_collection_names_its_images(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "plate.zarr")
    group.create_group("well-a")
    group.attrs["bioformats2raw.layout"] = 3
    with pytest.raises(ValueError, match="path of one image inside: well-a"):
        open_images(tmp_path / "plate.zarr")


def test_a_damaged_folder(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zarr", 3)
    (path / "zarr.json").write_text("{")
    with pytest.raises(ValueError, match=r"a\.zarr"):
        open_images(path)


def test_a_level_that_is_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zarr", 3, datasets=[{"path": "gone"}])
    with pytest.raises(ValueError, match="names no image"):
        open_images(path)
