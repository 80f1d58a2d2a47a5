"""Files: ours come back as they were, and the published tools' are understood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from napari_divnoise.noise import (
    GaussianNoiseModel,
    MixtureNoiseModel,
    from_arrays,
    load_noise_model,
    save_noise_model,
)

WEIGHT = np.random.default_rng(0).standard_normal((9, 2)).astype(np.float32)
MIXTURE = MixtureNoiseModel(WEIGHT, 469.3, 3230.7, 12.3, tol=1e-9)
GAUSSIAN = GaussianNoiseModel(2.1, -300.0, 7.0, (150.0, 900.0))
SIGNAL = np.linspace(400, 3500, 50)


@pytest.mark.parametrize("model", [MIXTURE, GAUSSIAN], ids=["mixture", "gaussian"])
def test_comes_back_as_it_was(model: Any, tmp_path: Path) -> None:
    path = save_noise_model(model, tmp_path / "camera.npz")
    for again in (load_noise_model(path), from_arrays(model.as_arrays())):
        pixels = {"observation": SIGNAL + 9, "signal": SIGNAL}
        np.testing.assert_array_equal(
            again.log_prob(**pixels), model.log_prob(**pixels)
        )
        assert again.signal_range == model.signal_range
        assert again.describe() == model.describe()


def test_published_tools_can_read_it(tmp_path: Path) -> None:
    params = np.load(save_noise_model(MIXTURE, tmp_path / "camera"))
    # The four ways in which DivNoising, HDN and PPN2V take the arrays apart.
    torch.testing.assert_close(
        torch.Tensor(params["trained_weight"]), torch.tensor(WEIGHT)
    )
    assert torch.Tensor(params["min_signal"]).item() == pytest.approx(469.3)
    assert params["max_signal"][0] == pytest.approx(3230.7)
    assert params["min_sigma"].item() == pytest.approx(12.3)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_files_of_published_tools_can_be_read(
    shape: tuple[int, ...], tmp_path: Path
) -> None:
    np.savez(
        tmp_path / "GMMNoiseModel_convallaria_3_2_calibration.npz",
        trained_weight=WEIGHT,
        min_signal=np.full(shape, 469.0),
        max_signal=np.full(shape, 3230.0),
        min_sigma=np.full(shape, 50),
        channel_index=np.array(0),
    )
    model = load_noise_model(tmp_path / "GMMNoiseModel_convallaria_3_2_calibration")
    assert isinstance(model, MixtureNoiseModel)
    assert (model.min_sigma, model.signal_range, model.tol) == (50, (469, 3230), 1e-10)
    np.testing.assert_array_equal(model.weight.numpy(), WEIGHT)


def test_suffix_is_added_and_the_old_file_replaced(tmp_path: Path) -> None:
    assert save_noise_model(MIXTURE, tmp_path / "a.b") == tmp_path / "a.b.npz"
    save_noise_model(GAUSSIAN, tmp_path / "a.b.npz")
    assert isinstance(load_noise_model(tmp_path / "a.b"), GaussianNoiseModel)
    assert [file.name for file in tmp_path.iterdir()] == ["a.b.npz"]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    class Broken(GaussianNoiseModel):
        def as_arrays(self) -> dict[str, Any]:
            return {"kind": np.array("gaussian"), "slope": np.array([object()])}

    path = save_noise_model(GAUSSIAN, tmp_path / "camera.npz")
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        save_noise_model(Broken(1, 1, 1, (0, 1)), path)
    assert load_noise_model(path).describe() == GAUSSIAN.describe()
    assert [file.name for file in tmp_path.iterdir()] == ["camera.npz"]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no noise model at .*nothing"):
        load_noise_model(tmp_path / "nothing")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut off", None])
def test_damaged_file(content: bytes | None, tmp_path: Path) -> None:
    path = save_noise_model(MIXTURE, tmp_path / "camera.npz")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(ValueError, match="is damaged, or is no noise model"):
        load_noise_model(path)


def test_flipped_bits_are_noticed(tmp_path: Path) -> None:
    path = save_noise_model(MIXTURE, tmp_path / "camera.npz")
    content = bytearray(path.read_bytes())
    at = content.find(WEIGHT.tobytes()[:16])
    content[at] ^= 255
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        load_noise_model(path)


def test_nothing_in_a_file_can_run_code(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    np.savez(tmp_path / "bad.npz", trained_weight=np.array([Trap()], object))
    with pytest.raises(ValueError, match="is damaged, or is no noise model"):
        load_noise_model(tmp_path / "bad.npz")
    assert not (tmp_path / "sprung").exists()


def test_huge_arrays_are_not_read(tmp_path: Path) -> None:
    zeros = np.zeros((600, 600))
    np.savez_compressed(tmp_path / "big.npz", trained_weight=zeros)
    with pytest.raises(ValueError, match=r"trained_weight.npy in it is too large"):
        load_noise_model(tmp_path / "big.npz")


def without(name: str) -> dict[str, Any]:
    return {key: array for key, array in MIXTURE.as_arrays().items() if key != name}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"image": np.zeros(3)}, "'trained_weight' is missing, there are .'image'."),
        (without("min_signal"), "'min_signal' is missing"),
        ({**MIXTURE.as_arrays(), "min_sigma": np.ones(3)}, r"has shape \(3,\)"),
        ({**MIXTURE.as_arrays(), "min_sigma": np.array("a")}, "it has dtype <U1"),
        ({**MIXTURE.as_arrays(), "kind": np.array("flow")}, "kind 'flow'.*update"),
        ({**MIXTURE.as_arrays(), "max_signal": np.zeros(1)}, "below max_signal"),
        (
            {"kind": np.array("gaussian"), "slope": np.array(1)},
            "'signal_range' is miss",
        ),
    ],
)
def test_foreign_arrays(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        from_arrays(arrays)
    np.savez(tmp_path / "foreign.npz", **arrays)
    with pytest.raises(ValueError, match=f"foreign.npz: .*{message}"):
        load_noise_model(tmp_path / "foreign.npz")
