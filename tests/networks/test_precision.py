from __future__ import annotations

import pytest
import torch

from napari_divnoise.networks import fast_dtype, resolve_device, resolve_dtype


def test_the_processor_is_always_there() -> None:
    assert resolve_device("cpu").type == "cpu"
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "tpu", ""])
def test_an_unknown_device_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="device must be auto, cpu, cuda or mps"):
        resolve_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_missing_device_names_the_doctor() -> None:
    with pytest.raises(ValueError, match=r"'cuda' was asked for.*divnoise doctor"):
        resolve_device("cuda")


def test_a_precision_can_be_demanded_or_measured() -> None:
    device = torch.device("cpu")
    assert resolve_dtype("float32", device) is torch.float32
    assert resolve_dtype("bfloat16", device) is torch.bfloat16
    assert resolve_dtype("auto", device) is fast_dtype("cpu")
    with pytest.raises(ValueError, match="float16"):
        resolve_dtype("float16", device)


def test_measuring_leaves_the_random_state_alone() -> None:
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    fast_dtype.cache_clear()
    fast_dtype("cpu")
    assert torch.equal(before, torch.random.get_rng_state())
