"""Samples per second and peak memory, against a plain loop of the same network.

python benchmarks/sampling.py            speed, 512x512
python benchmarks/sampling.py --memory   peak memory for 10 and 1000 samples
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_divnoise.images import Normalization
from napari_divnoise.networks import DivNoising, resolve_device
from napari_divnoise.posterior import PosteriorSampler
from napari_divnoise.runs.posterior import Posterior

if TYPE_CHECKING:
    from collections.abc import Callable

SCALE = Normalization(100.0, 30.0)


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--peak-of", type=int, default=0, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.peak_of:
        print(peak_mb(wanted.peak_of, wanted.size, wanted.device))
    elif wanted.memory:
        memory(wanted.size)
    else:
        speed(wanted.size, wanted.device, wanted.rounds)


def network() -> DivNoising:
    """Return the published network with random weights: the speed is the same."""
    torch.manual_seed(0)
    return DivNoising()


def picture(size: int) -> np.ndarray:
    """Return Poisson noise."""
    return np.random.default_rng(0).poisson(100, (size, size)).astype(np.uint16)


def speed(size: int, device: str, rounds: int) -> None:
    """Print medians over rounds in which all ways take turns."""
    sampler = PosteriorSampler(network(), SCALE, picture(size), device=device)
    piece = next(sampler.pieces(size))
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "plain loop, float32, one at a time": (4, plain_loop(size, device, 4)),
        "plain loop, channels_last bfloat16": (
            8,
            plain_loop(size, device, 8, fast=True),
        ),
    }
    for n in (1, 16, 64):
        ways[f"ours, {n} asked for at once"] = (
            n,
            lambda n=n: list(sampler.draw(range(n), piece)),
        )
    ways["ours, mean and std of 100"] = (100, lambda: Posterior(sampler).summarise(100))
    times: dict[str, list[float]] = {name: [] for name in ways}
    for round_ in range(rounds + 1):
        for name, (n, run) in ways.items():
            start = time.perf_counter()
            run()
            if device.startswith("cuda"):
                torch.cuda.synchronize()
            if round_:
                times[name].append((time.perf_counter() - start) / n)
    base = statistics.median(times["plain loop, float32, one at a time"])
    print(
        f"{size}x{size}, {sampler.device}, {sampler.dtype}, "
        f"{torch.get_num_threads()} threads"
    )
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"  {name:36} {1 / median:8.1f} samples/s  {base / median:5.1f} x")


def plain_loop(
    size: int, device: str, n: int, *, fast: bool = False
) -> Callable[[], object]:
    """Return the published way: encode once, then decode one by one, layer by layer."""
    where = resolve_device(device)
    net = network().to(where)
    dtype = torch.bfloat16 if fast else torch.float32
    memory_format = torch.channels_last if fast else torch.contiguous_format
    net = net.to(dtype).to(memory_format=memory_format)
    x = torch.from_numpy(SCALE.normalize(picture(size)))[None, None].to(where, dtype)
    relu = torch.nn.functional.relu

    @torch.no_grad()
    def run() -> list[np.ndarray]:
        q = net.encode(x)
        samples = []
        for _ in range(n):
            z = (q.mean + q.log_std.exp() * torch.randn_like(q.mean)).to(dtype)
            z = z.contiguous(memory_format=memory_format)
            for block in net.decoder.blocks:
                z = block.upsample(relu(block.second(relu(block.first(z)))))
            sample = net.decoder.signal(z)[0, 0].float() * SCALE.std + SCALE.mean
            samples.append(sample.cpu().numpy())
        return samples

    return run


def memory(size: int) -> None:
    """Print the peak memory of fresh processes for 10 and 1000 samples."""
    for n in (10, 1000):
        words = [sys.executable, __file__, "--peak-of", str(n), "--size", str(size)]
        peak = subprocess.run(words, check=True, capture_output=True, text=True).stdout
        print(f"  {size}x{size}, {n:4} samples: peak {float(peak):.0f} MB")


def peak_mb(n: int, size: int, device: str) -> float:
    """Return this process's peak memory after summing up `n` samples."""
    sampler = PosteriorSampler(network(), SCALE, picture(size), device=device)
    Posterior(sampler).summarise(n)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
