from __future__ import annotations

import pytest

from napari_divnoise.images import guess_axes


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((512, 512), "YX"),
        ((40, 512, 512), "NYX"),
        ((3, 512, 512), "CYX"),
        ((512, 512, 3), "YXC"),
        ((40, 2, 512, 512), "NCYX"),
        ((40, 25, 512, 512), "TZYX"),
        ((40, 25, 2, 512, 512), "TZCYX"),
        ((1, 512, 512), "NYX"),
    ],
)
def test_shapes_alone(shape: tuple[int, ...], axes: str) -> None:
    assert guess_axes(shape) == axes


@pytest.mark.parametrize(
    ("shape", "labels", "axes"),
    [
        ((3, 512, 512), ("t", "y", "x"), "TYX"),
        ((40, 512, 512), ("channel", "y", "x"), "CYX"),
        ((512, 40, 512), ("y", "z", "x"), "YZX"),
        ((40, 512, 512), ("Time", "row", "column"), "TYX"),
        ((40, 512, 512), ("-3", "-2", "-1"), "NYX"),
        ((40, 512, 512), ("axis 0", "axis 1", "axis 2"), "NYX"),
        ((40, 25, 512, 512), ("", "z", "y", "x"), "NZYX"),
        ((40, 2, 512, 512), ("t", "", "y", "x"), "TCYX"),
        ((40, 512, 512), ("t", "", ""), "TYX"),
    ],
)
def test_labels_that_say_something_are_believed(
    shape: tuple[int, ...], labels: tuple[str, ...], axes: str
) -> None:
    assert guess_axes(shape, labels) == axes


@pytest.mark.parametrize("labels", [("y", "y", "x"), ("y", "", ""), ("y", "x")])
def test_labels_that_clash_are_passed_over(labels: tuple[str, ...]) -> None:
    assert guess_axes((40, 512, 512), labels) == "NYX"


def test_a_line_is_no_image() -> None:
    with pytest.raises(ValueError, match="this array has 1") as caught:
        guess_axes((512,))
    assert "reshape" in str(caught.value)
