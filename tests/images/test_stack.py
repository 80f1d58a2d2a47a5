from __future__ import annotations

import numpy as np
import pytest

from napari_divnoise.images import ImageStack, open_images


@pytest.fixture
def two_channels() -> ImageStack:
    data = np.arange(5 * 2 * 4 * 3, dtype=np.uint16).reshape(5, 2, 4, 3)
    return ImageStack(
        data=data,
        axes="TCYX",
        shape=data.shape,
        scale=(1.0,) * 4,
        units=("pixel",) * 4,
        channel_names=("GFP", "DAPI"),
        names=("a.tif",),
    )


def test_what_the_stack_says_of_itself(two_channels: ImageStack) -> None:
    assert two_channels.n_images == 5
    assert two_channels.n_channels == 2
    assert two_channels.size == (4, 3)
    assert two_channels.nbytes == 5 * 2 * 4 * 3 * 2


@pytest.mark.parametrize("channel", [1, "DAPI", np.int64(1)])
def test_a_channel_by_number_or_name(
    two_channels: ImageStack, channel: int | str
) -> None:
    picked = two_channels.channel(channel)
    assert picked.channel_names == ("DAPI",)
    assert picked.axes == "TCYX"
    np.testing.assert_array_equal(picked.plane(3), two_channels.data[3, 1])
    assert np.shares_memory(picked.data, two_channels.data)


@pytest.mark.parametrize("channel", [2, -1, "RFP", 0.5])
def test_a_channel_that_is_not_there(two_channels: ImageStack, channel: int) -> None:
    with pytest.raises(ValueError, match=r"2 \(GFP, DAPI\); count from 0 to 1"):
        two_channels.channel(channel)


def test_a_plane_of_several_channels_asks_which(two_channels: ImageStack) -> None:
    with pytest.raises(ValueError, match="pick one with channel=0"):
        two_channels.plane(0)


def test_a_plane_that_is_not_there() -> None:
    stack = open_images(np.ones((3, 8, 8)))
    with pytest.raises(IndexError, match="image 3 of 3"):
        stack.plane(3)
