"""How good after how many seconds: dB of the MMSE of 100 samples on FMD fields.

Trains on the four noisy frames of a field, denoises frame 4. A row is one whole
training with `max_minutes` set to that time, so that its learning rate has come to its
end; a `preset` row is a preset as users get it.

    python benchmarks/denoising.py Confocal_MICE --minutes 1 6 --seeds 0 1 2
    python benchmarks/denoising.py Confocal_MICE --minutes 1 6 --noise learn
    python benchmarks/denoising.py TwoPhoton_MICE --preset quick standard
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import _fmd

import napari_divnoise as dn


def main() -> None:
    """Read the command line and print one row for each training."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("field", choices=_fmd.FIELDS)
    parser.add_argument("--minutes", type=float, nargs="*", default=[])
    parser.add_argument("--preset", nargs="*", default=[])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--noise", default="mixture")
    parser.add_argument("--method", default="divnoising")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--device", default="auto")
    wanted = parser.parse_args()
    field = _fmd.load(wanted.field)
    print(
        f"{wanted.field}, noise model: {wanted.noise}, frame 4 as it is: "
        f"{field.psnr(field.frames[3]):.2f} dB"
    )
    for seed in wanted.seeds:
        for minutes in wanted.minutes:
            row(field, wanted, seed, preset="quick", max_minutes=minutes)
        for preset in wanted.preset:
            row(field, wanted, seed, preset=preset)


def row(field: _fmd.Field, wanted: argparse.Namespace, seed: int, **how: Any) -> None:
    """Train once and print what came out."""
    noise_model = None if wanted.method == "vae" else field.noise_model(wanted.noise)
    settings = {"method": wanted.method, "precision": wanted.precision}
    training = dn.train(
        field.frames,
        noise_model=noise_model,
        seed=seed,
        device=wanted.device,
        **settings,
        **how,
    )
    while True:
        try:
            last = next(training)
        except StopIteration as end:
            model = end.value
            break
    start = time.perf_counter()
    posterior = model.posterior(field.frames[3], device=wanted.device)
    summary = posterior.summarise(100)
    sampling_s = time.perf_counter() - start
    label = (how.get("max_minutes") and f"{60 * how['max_minutes']:.0f} s") or how[
        "preset"
    ]
    print(
        f"  {label:>9}  seed {seed}: {field.psnr(summary.mmse):.2f} dB after "
        f"{last.elapsed_s:.0f} s and {last.step} steps, one sample "
        f"{field.psnr(posterior.sample(0)):.2f} dB, 100 samples in {sampling_s:.2f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
