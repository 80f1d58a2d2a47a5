from __future__ import annotations

import pytest
import torch

from napari_divnoise.training.blind_spots import (
    BlindSpots,
    box_of,
    draw_blind_spots,
)


def spots(
    seed: int = 0, shape: tuple[int, int, int] = (4, 32, 40), box: int = 6
) -> BlindSpots:
    generator = torch.Generator().manual_seed(seed)
    return draw_blind_spots(shape, box=box, generator=generator)


def numbered(*shape: int) -> torch.Tensor:
    """Pixels that are all different, so that a copy tells where it comes from."""
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float64).reshape(shape)


@pytest.mark.parametrize("size", [(5, 5), (6, 9), (32, 40)])
def test_no_pixel_is_ever_replaced_by_itself(size: tuple[int, int]) -> None:
    x = numbered(8, 1, *size)
    replaced = torch.zeros(size, dtype=torch.bool)
    for seed in range(60):
        made = spots(seed, (8, *size), box=2)
        masked = made.hidden_in(x)
        assert (made.taken_from(masked) != made.taken_from(x)).all()
        replaced[made.rows, made.columns] = True
    assert replaced.all(), "a pixel was never hidden, borders and corners included"


def test_replacements_are_values_of_the_original_nearby_and_nothing_else_changes() -> (
    None
):
    x = numbered(4, 1, 32, 40)
    before = x.clone()
    made = spots()
    masked = made.hidden_in(x)
    torch.testing.assert_close(x, before, rtol=0, atol=0)
    value = x[made.patches, 0, made.source_rows, made.source_columns]
    torch.testing.assert_close(made.taken_from(masked)[:, 0], value, rtol=0, atol=0)
    distance = (made.source_rows - made.rows).abs()
    distance = torch.maximum(distance, (made.source_columns - made.columns).abs())
    # A window at a border is shifted into the patch, so that it reaches up to 4.
    inner = (made.rows >= 2) & (made.rows < 30)
    inner &= (made.columns >= 2) & (made.columns < 38)
    assert distance[inner].max() == 2
    assert distance.max() <= 4
    changed = (masked != x).nonzero()
    assert len(changed) == len(made.rows)


def test_every_square_of_the_grid_hides_one_pixel() -> None:
    box, shape = 6, (16, 60, 66)
    made = spots(3, shape, box)
    for patch in range(shape[0]):
        mine = made.patches == patch
        rows, columns = made.rows[mine], made.columns[mine]
        offsets = [
            (down, right)
            for down in range(box)
            for right in range(box)
            if _at_most_one_each(rows + down, columns + right, box)
        ]
        assert offsets, "no grid explains the hidden pixels"
        # Where the grid is the one that was drawn, the whole squares hide just one.
        assert any(
            _whole_squares_hide_one(rows, columns, down, right, box, shape[1:])
            for down, right in offsets
        )


def _at_most_one_each(rows: torch.Tensor, columns: torch.Tensor, box: int) -> bool:
    squares = (rows // box) * 1000 + columns // box
    return len(squares.unique()) == len(squares)


def _whole_squares_hide_one(
    rows: torch.Tensor,
    columns: torch.Tensor,
    down: int,
    right: int,
    box: int,
    size: tuple[int, ...],
) -> bool:
    counts = torch.zeros(size[0] // box + 2, size[1] // box + 2, dtype=torch.long)
    counts.index_put_(
        ((rows + down) // box, (columns + right) // box),
        torch.ones_like(rows),
        accumulate=True,
    )
    first = (down > 0, right > 0)
    last = ((size[0] + down) // box, (size[1] + right) // box)
    whole = counts[first[0] : last[0], first[1] : last[1]]
    return bool((whole == 1).all())


def test_every_pixel_is_hidden_equally_often() -> None:
    counts = torch.zeros(20, 20)
    n = 400
    for seed in range(n):
        made = spots(seed, (16, 20, 20), box=4)
        counts.index_put_(
            (made.rows, made.columns), torch.ones(len(made.rows)), accumulate=True
        )
    expected = 16 * n / 16
    assert (counts - expected).abs().max() < 5 * expected**0.5


def test_the_same_seed_hides_the_same_pixels() -> None:
    x = torch.randn(4, 1, 32, 40)
    same, other = (spots(seed).hidden_in(x) for seed in (0, 1))
    assert torch.equal(spots().hidden_in(x), same)
    assert not torch.equal(same, other)


def test_the_random_state_of_the_process_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    spots()
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(("share", "box"), [(1 / 36, 6), (1 / 16, 4), (0.25, 2)])
def test_the_share_decides_how_large_a_square_is(share: float, box: int) -> None:
    assert box_of(share) == box
    made = spots(0, (32, 120, 120), box)
    hidden = len(made.rows) / (32 * 120 * 120)
    assert hidden == pytest.approx(share, rel=0.03)
