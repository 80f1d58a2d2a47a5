from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from napari_divnoise.training import patches as module
from napari_divnoise.training.patches import (
    Block,
    LazyPatches,
    PatchStream,
    Places,
    ResidentPatches,
    draw_places,
    some_of,
    validation_block,
)

CPU = torch.device("cpu")


def stack(dtype: str = "uint16") -> np.ndarray:
    return np.arange(3 * 20 * 24).reshape(3, 20, 24).astype(dtype)


def places(n: int = 8) -> Places:
    """One patch under each of the eight symmetries."""
    return Places(np.arange(n) % 3, np.arange(n), np.arange(n) % 5, np.arange(n) % 8)


@pytest.mark.parametrize("make", [ResidentPatches, LazyPatches])
def test_the_eight_symmetries_are_those_of_the_square(make: type) -> None:
    images = stack()
    same = Places(np.zeros(8, int), np.full(8, 3), np.full(8, 4), np.arange(8))
    taken = make(images, CPU).take(same, 8)[:, 0].numpy()
    cut = images[0, 3:11, 4:12]
    group = {
        turned.tobytes()
        for k, flip in product(range(4), (False, True))
        for turned in [np.rot90(cut.T if flip else cut, k).astype(np.float32)]
    }
    assert {patch.tobytes() for patch in taken} == group
    assert len(group) == 8


@pytest.mark.parametrize(
    "dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64", "uint32"]
)
def test_both_sources_give_the_same_patches_for_every_type(dtype: str) -> None:
    images = stack(dtype)
    before = images.copy()
    here = ResidentPatches(images, CPU).take(places(), 8)
    there = LazyPatches(images, CPU).take(places(), 8)
    assert torch.equal(here, there)
    assert here.dtype == torch.float32
    assert np.array_equal(images, before)


def test_bright_uint16_values_are_not_wrapped() -> None:
    images = np.full((1, 32, 32), 65_535, np.uint16)
    patch = ResidentPatches(images, CPU).take(places(1), 8)
    assert (patch == 65_535).all()


def test_places_cover_the_whole_image_evenly() -> None:
    drawn = draw_places(
        (4, 40, 50),
        n=20_000,
        size=8,
        kept_out=None,
        augment=True,
        rng=np.random.default_rng(0),
    )
    assert set(drawn.rows) == set(range(33))
    assert set(drawn.columns) == set(range(43))
    for values, n in ((drawn.images, 4), (drawn.symmetries, 8), (drawn.rows, 33)):
        counts = np.bincount(values, minlength=n)
        assert counts.min() > 0.8 * counts.mean()


def test_no_training_patch_touches_the_validation_block() -> None:
    shape = (2, 160, 200)
    block = validation_block(shape, 0.1, 128, seed=3)
    assert block is not None
    drawn = draw_places(
        shape,
        n=5_000,
        size=32,
        kept_out=block,
        augment=True,
        rng=np.random.default_rng(1),
    )
    kept_out = np.zeros(shape[1:], bool)
    kept_out[
        block.top : block.top + block.height, block.left : block.left + block.width
    ] = True
    for row, column in zip(drawn.rows, drawn.columns, strict=True):
        assert not kept_out[row : row + 32, column : column + 32].any()


@pytest.mark.parametrize("seed", range(4))
def test_the_block_is_a_tenth_of_the_view_in_one_of_its_corners(seed: int) -> None:
    block = validation_block((1, 512, 512), 0.1, 128, seed)
    assert block is not None
    share = block.height * block.width / 512**2
    assert 0.08 < share < 0.11
    assert {block.top, block.top + block.height} & {0, 512}


def test_small_images_have_no_validation_block() -> None:
    assert validation_block((9, 127, 512), 0.1, 128, 0) is None
    assert validation_block((9, 512, 512), 0.0, 128, 0) is None


def test_patches_are_a_function_of_seed_and_step() -> None:
    settings = {"size": 8, "kept_out": None, "augment": True, "device": CPU}
    first = PatchStream(stack(), seed=1, **settings)
    again = PatchStream(stack(), seed=1, **settings)
    other = PatchStream(stack(), seed=2, **settings)
    again.batch(4, 6)
    assert torch.equal(first.batch(5, 6), again.batch(5, 6))
    assert not torch.equal(first.batch(5, 6), first.batch(6, 6))
    assert not torch.equal(first.batch(5, 6), other.batch(5, 6))


def test_a_stack_larger_than_memory_stays_on_disk(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "stack.npy"
    np.save(path, stack())
    settings = {"size": 8, "kept_out": None, "augment": True, "device": CPU, "seed": 0}
    resident = PatchStream(np.load(path, mmap_mode="r"), **settings)
    assert resident.resident

    class Nothing:
        available = 1000

    monkeypatch.setattr(module.psutil, "virtual_memory", Nothing)
    lazy = PatchStream(np.load(path, mmap_mode="r"), **settings)
    assert not lazy.resident
    for step in range(4):
        assert torch.equal(lazy.batch(step, 5), resident.batch(step, 5))
    lazy.close()


def test_a_part_of_a_stack_is_bounded() -> None:
    part = some_of(np.zeros((100, 300, 200)), most=8, edge=64)
    assert part.shape == (8, 64, 64)
    assert some_of(stack()).shape == (3, 20, 24)


def test_a_block_knows_which_patches_meet_it() -> None:
    block = Block(10, 10, 5, 5)
    rows = np.array([2, 3, 10, 14, 15])
    met = block.meets(rows, np.full(5, 12), 8)
    assert met.tolist() == [False, True, True, True, False]
