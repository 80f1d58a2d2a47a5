"""Where to compute, and in which precision: measured once, then remembered."""

from __future__ import annotations

import time
from functools import lru_cache

import torch
from torch.nn import functional

WORTHWHILE_SPEEDUP = 1.2
"""bfloat16 must be this much faster than float32 before it is preferred."""


def resolve_device(name: str = "auto") -> torch.device:
    """Return the device that `name` asks for.

    Parameters
    ----------
    name : str
        "auto" (CUDA, else Apple's MPS, else the processor), "cpu", "cuda",
        "cuda:1" and so on, or "mps".

    Raises
    ------
    ValueError
        If the device is not there, or no device has this name.
    """
    if name == "auto":
        return torch.device(_best_device())
    kind, _, index = name.partition(":")
    found = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": _has_mps()}
    if kind not in found or (index and not index.isdigit()):
        raise ValueError(f"device must be auto, cpu, cuda or mps, got {name!r}")
    missing = index and kind == "cuda" and int(index) >= torch.cuda.device_count()
    if not found[kind] or missing:
        raise ValueError(
            f"device {name!r} was asked for, but this PyTorch ({torch.__version__}) "
            "finds none: choose auto or cpu, or run `divnoise doctor`, which says why"
        )
    return torch.device(name)


def resolve_dtype(precision: str, device: torch.device) -> torch.dtype:
    """Return the type that convolutions compute in.

    Parameters
    ----------
    precision : str
        "auto" (what `fast_dtype` measured), "float32" or "bfloat16".
    device : torch.device
        Where the network is.
    """
    if precision == "auto":
        return fast_dtype(device.type)
    if precision in ("float32", "bfloat16"):
        dtype: torch.dtype = getattr(torch, precision)
        return dtype
    raise ValueError(f"precision must be auto, float32 or bfloat16, got {precision!r}")


@lru_cache(maxsize=8)
def fast_dtype(device_type: str) -> torch.dtype:
    """Return bfloat16 where this device convolves faster with it, else float32.

    On a processor both are timed, which takes about a tenth of a second, once in
    a process: many processors accept bfloat16 and are slower with it.
    """
    if device_type == "cuda":
        good = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if good else torch.float32
    if device_type != "cpu":
        return torch.float32
    speedup = _convolution_time(torch.float32) / _convolution_time(torch.bfloat16)
    return torch.bfloat16 if speedup > WORTHWHILE_SPEEDUP else torch.float32


def _convolution_time(dtype: torch.dtype) -> float:
    """Return the seconds of one convolution like the networks', best of five."""
    # The values do not matter to the time, so that no random state is touched.
    x = torch.ones(4, 32, 64, 64, dtype=dtype)
    weight = torch.full((32, 32, 3, 3), 0.01, dtype=dtype)
    x = x.contiguous(memory_format=torch.channels_last)
    weight = weight.contiguous(memory_format=torch.channels_last)
    times = []
    with torch.inference_mode():
        for _ in range(6):
            start = time.perf_counter()
            functional.conv2d(x, weight, padding=1)
            times.append(time.perf_counter() - start)
    return min(times[1:])


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if _has_mps() else "cpu"


def _has_mps() -> bool:
    return bool(torch.backends.mps.is_available())
