from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_divnoise.images import Normalization
from napari_divnoise.networks import UNet
from napari_divnoise.posterior import DirectDenoiser

SCALE = Normalization(mean=500.0, std=80.0)


def network(depth: int = 2) -> UNet:
    torch.manual_seed(depth)
    made = UNet(depth=depth, n_filters=8)
    for layer in made.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.normal_(layer.bias, std=0.3)  # type: ignore[arg-type]
    return made


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).poisson(500, shape).astype(np.uint16)


def denoiser(picture: object, depth: int = 2) -> DirectDenoiser:
    return DirectDenoiser(
        network(depth), SCALE, picture, device="cpu", precision="float32"
    )


def tiled(made: DirectDenoiser, tile_size: int | None) -> np.ndarray:
    result = np.full(made.shape, np.nan, dtype=np.float32)
    stack = result.reshape(-1, *made.shape[-2:])
    for piece in made.pieces(tile_size):
        found = made.exact_mean(piece)
        assert found.shape == piece.shape
        stack[piece.plane, piece.rows, piece.columns] = found.numpy()
    return result


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_tiles_equal_the_whole_image(depth: int) -> None:
    made = denoiser(image(150, 131), depth)
    whole, parts = tiled(made, None), tiled(made, 50)
    assert whole.std() > 1
    assert np.abs(whole - parts).max() < 1e-5 * SCALE.std * 10


def test_it_is_the_networks_own_output_in_camera_units() -> None:
    picture = image(32, 40)
    x = torch.from_numpy(SCALE.normalize(picture))[None, None]
    with torch.no_grad():
        expected = network()(x)[0, 0] * 80 + 500
    np.testing.assert_allclose(tiled(denoiser(picture), None), expected, atol=2e-3)


@pytest.mark.parametrize("size", [(33, 47), (5, 7), (1, 9)])
def test_odd_sizes_keep_their_size(size: tuple[int, int]) -> None:
    assert np.isfinite(tiled(denoiser(image(*size)), None)).all()


def test_every_image_of_a_stack_is_denoised_on_its_own() -> None:
    stack = image(3, 40, 36)
    together = tiled(denoiser(stack), None)
    alone = tiled(denoiser(stack[1]), None)
    np.testing.assert_allclose(together[1], alone, atol=1e-3)


def test_only_what_is_needed_is_read_and_nothing_is_changed() -> None:
    picture = image(600, 600)
    picture.setflags(write=False)

    class Spy:
        shape, dtype, ndim = picture.shape, picture.dtype, 2
        most = 0

        def __getitem__(self, key: tuple[slice, slice]) -> np.ndarray:
            cut = picture[key]
            Spy.most = max(Spy.most, cut.size)
            return cut

    made = denoiser(Spy())
    for piece in made.pieces(64):
        made.exact_mean(piece)
    assert Spy.most <= (64 + 2 * 24 + 4) ** 2


def test_not_a_number_is_refused() -> None:
    picture = image(40, 40).astype(np.float32)
    picture[3, 4] = np.inf
    with pytest.raises(ValueError, match="1 pixels of the image are NaN or infinite"):
        tiled(denoiser(picture), None)


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="an image must be"):
        denoiser(np.zeros((2, 2, 3, 3), np.uint8))
