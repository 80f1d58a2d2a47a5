from __future__ import annotations

import time
from threading import Event

import numpy as np
import pytest
import torch

from napari_divnoise.images import Normalization
from napari_divnoise.networks import DivNoising
from napari_divnoise.posterior import DeferredStack, PosteriorSampler, SampleStack


def sampler(*shape: int) -> PosteriorSampler:
    torch.manual_seed(0)
    network = DivNoising(n_filters=4, z_channels=4)
    picture = np.random.default_rng(0).random(shape, dtype=np.float32)
    scale = Normalization(0.5, 0.3)
    return PosteriorSampler(network, scale, picture, device="cpu", precision="float32")


@pytest.mark.parametrize(
    "key",
    [3, slice(2, 5), (slice(None), 4), (2, slice(3, 9), slice(None, None, 2)), ..., -1],
)
def test_a_stack_is_indexed_like_the_array_of_all_samples(key: object) -> None:
    drawn = sampler(16, 12)
    stack = SampleStack(drawn, 6)
    everything = drawn.samples(range(6))
    np.testing.assert_allclose(stack[key], everything[key], atol=1e-5)
    assert stack.shape == (6, 16, 12)


def test_a_stack_of_a_stack_draws_only_the_image_that_is_looked_at() -> None:
    drawn = sampler(3, 16, 16)
    stack = SampleStack(drawn, 10)
    everything = drawn.samples(range(10))
    np.testing.assert_allclose(stack[4, 2], everything[4, 2], atol=1e-5)
    np.testing.assert_allclose(stack[4:6, 0:2], everything[4:6, 0:2], atol=1e-5)
    np.testing.assert_allclose(np.asarray(stack), everything, atol=1e-5)


def test_a_million_samples_cost_nothing_until_they_are_looked_at() -> None:
    stack = SampleStack(sampler(16, 16), 1_000_000)
    assert len(stack) == 1_000_000
    assert stack[999_999].shape == (16, 16)


def test_an_index_out_of_range_is_refused() -> None:
    stack = SampleStack(sampler(16, 16), 5)
    with pytest.raises(IndexError, match="out of range"):
        stack[5]
    with pytest.raises(IndexError, match="integers and slices"):
        stack[[1, 2]]
    with pytest.raises(ValueError, match="at least 1 sample"):
        SampleStack(sampler(16, 16), 0)


def picture(value: float) -> np.ndarray:
    return np.full((4, 6), value, np.float32)


def until(condition: object) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "waited five seconds in vain"
        time.sleep(0.005)


def test_a_placeholder_comes_at_once_and_the_sample_when_it_is_ready() -> None:
    gate, ready = Event(), []

    def draw(sample: int, plane: int) -> np.ndarray:
        gate.wait(5)
        return picture(sample)

    stack = DeferredStack(
        draw, (9, 4, 6), lambda plane: picture(-1), on_ready=ready.append
    )
    assert (stack[3] == -1).all()
    assert stack.is_waiting
    gate.set()
    until(lambda: ready == [3])
    assert (stack[3] == 3).all()
    assert not stack.is_waiting
    stack.close()


def test_the_newest_wish_is_served_first() -> None:
    gate, order = Event(), []

    def draw(sample: int, plane: int) -> np.ndarray:
        gate.wait(5)
        order.append(sample)
        return picture(sample)

    stack = DeferredStack(draw, (9, 4, 6), lambda plane: picture(-1))
    stack[0]
    until(lambda: stack._thread is not None)
    time.sleep(0.05)
    for sample in (1, 2, 3):
        stack[sample]
    gate.set()
    until(lambda: len(order) == 4)
    assert order == [0, 3, 2, 1]
    stack.close()


def test_a_thick_slice_averages_what_is_there() -> None:
    stack = DeferredStack(lambda s, p: picture(s), (9, 4, 6), lambda p: picture(-1))
    stack[0:3]
    until(lambda: not stack.is_waiting)
    np.testing.assert_array_equal(stack[0:3].mean(axis=0), picture(1))
    assert stack[0:3, 1:3, 2].shape == (3, 2)
    stack.close()


def test_images_of_a_stack_are_counted_in_c_order() -> None:
    stack = DeferredStack(
        lambda s, p: picture(p), (5, 2, 3, 4, 6), lambda p: picture(-p)
    )
    assert stack[0, 1, 2, 0, 0] == -5
    until(lambda: not stack.is_waiting)
    assert stack[0, 1, 2, 0, 0] == 5
    assert stack[0, :, 2].shape == (2, 4, 6)
    stack.close()


def test_memory_is_bounded_and_the_least_seen_goes_first() -> None:
    drawn = []

    def draw(sample: int, plane: int) -> np.ndarray:
        drawn.append(sample)
        return picture(sample)

    stack = DeferredStack(
        draw, (9, 4, 6), lambda p: picture(-1), cache_bytes=2 * picture(0).nbytes
    )
    for sample in (0, 1, 0, 2):
        stack[sample]
        until(lambda: not stack.is_waiting)
    stack[0]
    assert not stack.is_waiting
    stack[1]
    until(lambda: not stack.is_waiting)
    assert drawn == [0, 1, 2, 1]
    stack.close()


def test_a_draw_that_fails_is_told_once_and_hurts_nobody() -> None:
    errors: list[Exception] = []

    def draw(sample: int, plane: int) -> np.ndarray:
        if sample == 1:
            raise ValueError("no")
        return picture(sample)

    stack = DeferredStack(
        draw, (9, 4, 6), lambda p: picture(-1), on_error=errors.append
    )
    assert (stack[1] == -1).all()
    until(lambda: len(errors) == 1)
    stack[2]
    until(lambda: not stack.is_waiting)
    assert (stack[2] == 2).all()
    stack.close()


def test_a_closed_stack_shows_placeholders_and_its_thread_ends() -> None:
    stack = DeferredStack(lambda s, p: picture(s), (9, 4, 6), lambda p: picture(-1))
    stack[0]
    until(lambda: not stack.is_waiting)
    stack.close()
    thread = stack._thread
    assert thread is not None
    thread.join(5)
    assert not thread.is_alive()
    assert (stack[0] == -1).all()
