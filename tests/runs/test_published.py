"""The published code's checkpoints are models here, and none of them can run code."""

from __future__ import annotations

import re
import sys
import types
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from napari_divnoise import load_model
from napari_divnoise.cli import run
from napari_divnoise.networks import DivNoising, published_state_dict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CPU: dict[str, Any] = {"device": "cpu", "precision": "float32"}


@contextmanager
def _their_packages(*classes: str) -> Iterator[list[type]]:
    """Classes of packages that are not here, for as long as a file is written."""
    with pytest.MonkeyPatch.context() as patch:
        made = []
        for path in classes:
            module, _, name = path.rpartition(".")
            parts = module.split(".")
            for package in (".".join(parts[: n + 1]) for n in range(len(parts))):
                if package not in sys.modules:
                    patch.setitem(sys.modules, package, types.ModuleType(package))
            made.append(type(name, (torch.nn.Module,), {"__module__": module}))
            setattr(sys.modules[module], name, made[-1])
        yield made


LIGHTNING = (
    "pytorch_lightning.callbacks.early_stopping.EarlyStopping",
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
)


def _lightning_checkpoint(path: Path, network: DivNoising, number: Any) -> Path:
    """Write what Lightning 1.2 wrote for the published code."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
    with _their_packages(*LIGHTNING) as (stopping, checkpoint):
        content = {
            "epoch": 3,
            "pytorch-lightning_version": "1.2.10",
            "callbacks": {
                stopping: {"wait_count": 0, "best_score": torch.tensor(1.0)},
                checkpoint: {"monitor": "val_loss", "best_model_path": "a.ckpt"},
            },
            "optimizer_states": [optimizer.state_dict()],
            "lr_schedulers": [schedule.state_dict()],
            "state_dict": published_state_dict(network),
            "hyper_parameters": {"data_mean": number(118), "data_std": number(22)},
        }
        torch.save(content, path)
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A file with an image of 64x64 pixels."""
    path = tmp_path / "image.npy"
    np.save(path, np.random.default_rng(0).poisson(118, (64, 64)))
    return path


@pytest.fixture(scope="module")
def theirs() -> DivNoising:
    return DivNoising(depth=2, n_filters=32, z_channels=64)


@pytest.mark.parametrize("number", [float, np.float32, np.float64, torch.tensor])
def test_a_lightning_checkpoint_is_a_model_with_its_normalization(
    number: Any, theirs: DivNoising, tmp_path: Path
) -> None:
    model = load_model(_lightning_checkpoint(tmp_path / "last.ckpt", theirs, number))
    assert (model.normalization.mean, model.normalization.std) == (118, 22)
    for name, weights in theirs.state_dict().items():
        torch.testing.assert_close(model.network.state_dict()[name], weights)


def test_it_can_be_used_from_a_shell_and_kept_as_one_of_ours(
    theirs: DivNoising, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _lightning_checkpoint(tmp_path / "last.ckpt", theirs, float)
    out = str(tmp_path / "out")
    words = ["denoise", str(image), "--model", str(path), "--out", out]
    assert run([*words, "--samples", "2", "--device", "cpu"]) == 0
    model = load_model(path)
    kept = load_model(model.save(tmp_path / "theirs.divnoise"))
    assert kept.hash == model.hash
    assert run(["info", str(path)]) == 1
    assert "load_model(checkpoint).save(" in capsys.readouterr().err


@pytest.mark.parametrize("zipped", [True, False])
def test_published_weights_alone_ask_for_mean_and_std(
    zipped: bool, theirs: DivNoising, tmp_path: Path
) -> None:
    path = tmp_path / "weights.pt"
    state = published_state_dict(theirs)
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match=r"load_model\(path, mean=\.\.\., std=\.\.\."):
        load_model(path)
    model = load_model(path, mean=118, std=22)
    assert model.normalization.as_dict() == {"mean": 118.0, "std": 22.0}
    pixels = np.full((40, 36), 118, np.float32)
    assert model.denoise(pixels, n_samples=2, **CPU).shape == (40, 36)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.filterwarnings("ignore:Couldn't retrieve source code")
def test_a_whole_pickled_network_is_refused_with_the_way_out(
    zipped: bool, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "last_vae.net"
    with _their_packages("nets.model.VAE") as (network,):
        torch.save(network(), path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ValueError, match=r"not opened.*state_dict\(\)"):
        load_model(path)
    words = ["denoise", str(image), "--model", str(path)]
    assert run([*words, "--out", str(tmp_path / "out")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(r"error: .*was not opened", line)


class _Trap:
    """Would run code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("code of the file was run",)


def test_no_checkpoint_can_run_code(theirs: DivNoising, tmp_path: Path) -> None:
    path = tmp_path / "trap.ckpt"
    torch.save({"state_dict": published_state_dict(theirs), "x": _Trap()}, path)
    with pytest.raises(ValueError, match="was not opened"):
        load_model(path, mean=0, std=1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"fc.weight": torch.zeros(3)}, "not the weights of a published DivNoising"),
        ({"epoch": 3}, "no weights by name"),
        ([1, 2], "no weights by name"),
    ],
)
def test_other_weights_are_refused(content: Any, words: str, tmp_path: Path) -> None:
    path = tmp_path / "other.pt"
    torch.save(content, path)
    with pytest.raises(ValueError, match=words):
        load_model(path, mean=0, std=1)


def test_a_published_checkpoint_cut_in_half_is_refused(
    theirs: DivNoising, tmp_path: Path
) -> None:
    for zipped in (True, False):
        path = tmp_path / f"{zipped}.pt"
        state = published_state_dict(theirs)
        torch.save(state, path, _use_new_zipfile_serialization=zipped)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(ValueError, match=r"is damaged.*copy it again"):
            load_model(path, mean=0, std=1)
