from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_divnoise.images import Normalization
from napari_divnoise.networks import DivNoising
from napari_divnoise.posterior import Piece, PosteriorSampler

SCALE = Normalization(mean=500.0, std=80.0)


def network(depth: int = 2) -> DivNoising:
    torch.manual_seed(depth)
    made = DivNoising(depth=depth, n_filters=8, z_channels=8)
    for block in made.decoder.blocks:
        torch.nn.init.normal_(block.upsample.bias)
    return made


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).poisson(500, shape).astype(np.uint16)


def sampler(picture: object, depth: int = 2, **settings: object) -> PosteriorSampler:
    settings = {"device": "cpu", "precision": "float32", **settings}
    return PosteriorSampler(network(depth), SCALE, picture, **settings)


def test_sample_37_is_always_sample_37() -> None:
    picture = image(48, 40)
    alone = sampler(picture).sample(37)
    among = sampler(picture).samples(range(30, 40))[7]
    np.testing.assert_allclose(alone, among, atol=1e-3)
    assert np.array_equal(alone, sampler(picture).sample(37))
    assert alone.dtype == np.float32
    assert alone.shape == (48, 40)


def test_other_samples_and_other_seeds_differ() -> None:
    picture = image(32, 32)
    first = sampler(picture).sample(0)
    assert np.abs(first - sampler(picture).sample(1)).max() > 1
    assert np.abs(first - sampler(picture, seed=1).sample(0)).max() > 1


@pytest.mark.parametrize("depth", [2, 3])
def test_tiles_equal_the_whole_image_without_seams(depth: int) -> None:
    picture = image(200, 150)
    drawn = sampler(picture, depth)
    whole = drawn.samples([0, 5])
    tiled = np.full_like(whole, np.nan)
    for piece in drawn.pieces(tile_size=64):
        batch = torch.cat(list(drawn.draw([0, 5], piece)))
        tiled[:, piece.rows, piece.columns] = batch.numpy()
    assert np.abs(tiled - whole).max() < 1e-5 * SCALE.std * 10


def test_a_region_equals_the_same_part_of_the_whole() -> None:
    drawn = sampler(image(120, 90))
    rows, columns = slice(37, 81), slice(3, 50)
    part = drawn.samples([3], region=(rows, columns))
    np.testing.assert_allclose(part, drawn.samples([3])[:, rows, columns], atol=1e-2)


@pytest.mark.parametrize("size", [(33, 47), (5, 7), (1, 9)])
def test_odd_sizes_keep_their_size(size: tuple[int, int]) -> None:
    sample = sampler(image(*size)).sample(0)
    assert sample.shape == size
    assert np.isfinite(sample).all()


def test_samples_are_the_networks_own_decoding_of_its_latents() -> None:
    picture = image(32, 32)
    net = network()
    drawn = sampler(picture)
    from napari_divnoise.posterior import latent_noise

    x = torch.from_numpy(SCALE.normalize(picture))[None, None]
    epsilon = latent_noise(
        [4], slice(0, 8), slice(0, 8), n_channels=net.z_channels, seed=0
    )
    with torch.no_grad():
        expected = net.decode(net.encode(x).draw(epsilon))[0, 0] * 80 + 500
    np.testing.assert_allclose(drawn.sample(4), expected.numpy(), atol=2e-3)


def test_every_image_of_a_stack_has_noise_of_its_own() -> None:
    stack = np.repeat(image(1, 32, 32), 2, axis=0)
    samples = sampler(stack).samples([0])
    assert samples.shape == (1, 2, 32, 32)
    assert np.abs(samples[0, 0] - samples[0, 1]).max() > 1
    alone = sampler(stack).samples([0], planes=[1])
    np.testing.assert_allclose(alone[0, 0], samples[0, 1], atol=1e-3)


def test_the_observation_is_never_changed() -> None:
    picture = image(40, 40)
    before = picture.copy()
    sampler(picture).samples([0, 1])
    assert np.array_equal(picture, before)
    read_only = picture.copy()
    read_only.flags.writeable = False
    sampler(read_only).sample(0)


def test_only_what_is_needed_is_read() -> None:
    class Spy:
        shape, dtype, ndim = (4096, 4096), np.dtype("uint16"), 2
        read = 0

        def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
            rows, columns = key
            shape = (rows.stop - rows.start, columns.stop - columns.start)
            Spy.read += shape[0] * shape[1]
            return np.full(shape, 500, np.uint16)

    sampler(Spy()).samples([0], region=(slice(1000, 1064), slice(0, 64)))
    assert Spy.read < 150 * 150


def test_bfloat16_stays_close_to_float32() -> None:
    picture = image(64, 64)
    exact = sampler(picture).samples(range(8))
    fast = sampler(picture, precision="bfloat16").samples(range(8))
    assert fast.dtype == np.float32
    error = np.abs(exact - fast).mean() / exact.std(axis=0).mean()
    assert error < 0.05


def test_pieces_cover_every_pixel_once() -> None:
    drawn = sampler(image(3, 130, 70))
    seen = np.zeros((3, 130, 70), int)
    for piece in drawn.pieces(tile_size=50):
        seen[piece.plane, piece.rows, piece.columns] += 1
        assert max(piece.shape) <= 50
    assert (seen == 1).all()


def test_memory_of_the_latents_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_divnoise.posterior.sampling.CACHED_PIXELS", 5000)
    drawn = sampler(image(256, 256))
    for piece in drawn.pieces(tile_size=64):
        list(drawn.draw([0], piece))
    held = sum(q.mean[0, 0].numel() * 16 for q in drawn._latents.values())
    assert held <= 96 * 96


def test_not_a_number_is_refused_with_its_place() -> None:
    picture = image(40, 40).astype(np.float32)
    picture[3, 4] = np.nan
    with pytest.raises(ValueError, match="1 pixels of the image are NaN"):
        sampler(picture).sample(0)


@pytest.mark.parametrize("shape", [(7,), (0, 4), (2, 3, 4, 5)])
def test_a_wrong_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="an image must be"):
        sampler(np.zeros(shape, np.uint8))


def test_a_negative_sample_number_is_refused() -> None:
    with pytest.raises(ValueError, match="numbered from 0, got -1"):
        sampler(image(32, 32)).sample(-1)


def test_two_threads_may_draw_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    drawn = sampler(image(64, 64))
    expected = [drawn.sample(k) for k in range(6)]
    fresh = sampler(image(64, 64))
    with ThreadPoolExecutor(3) as pool:
        for a, b in zip(pool.map(fresh.sample, range(6)), expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.gpu
def test_a_gpu_draws_the_same_sample_to_rounding() -> None:
    picture = image(64, 64)
    here = sampler(picture).sample(3)
    there = sampler(picture, device="cuda").sample(3)
    np.testing.assert_allclose(here, there, atol=0.5)


def test_a_piece_knows_its_shape() -> None:
    assert Piece(0, slice(3, 10), slice(0, 4)).shape == (7, 4)
