"""How good after how many seconds: dB of the MMSE of 100 samples on FMD fields.

N2V and PN2V give their mean without samples.

Trains on the four noisy frames of a field, denoises frame 4. A row is one whole
training with `max_minutes` set to that time, so that its learning rate has come to its
end; a `preset` row is a preset as users get it.

    python benchmarks/denoising.py Confocal_MICE --minutes 1 6 --seeds 0 1 2
    python benchmarks/denoising.py Confocal_MICE --minutes 1 6 --noise learn
    python benchmarks/denoising.py Confocal_MICE --minutes 1 --method pn2v
    python benchmarks/denoising.py TwoPhoton_MICE --preset quick standard
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import _fmd

import napari_divnoise as dn
from napari_divnoise.training import METHODS, needs_noise_model


def main() -> None:
    """Read the command line and print one row for each training."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("field", choices=_fmd.FIELDS)
    parser.add_argument("--minutes", type=float, nargs="*", default=[])
    parser.add_argument("--preset", nargs="*", default=[])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--noise", default="mixture")
    parser.add_argument("--method", default="divnoising", choices=METHODS)
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
    needs_one = needs_noise_model(wanted.method)
    noise_model = field.noise_model(wanted.noise) if needs_one else None
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
    label = (how.get("max_minutes") and f"{60 * how['max_minutes']:.0f} s") or how[
        "preset"
    ]
    print(
        f"  {label:>9}  seed {seed}: {result(field, model, wanted.device)}, after "
        f"{last.elapsed_s:.0f} s and {last.step} steps",
        flush=True,
    )


def result(field: _fmd.Field, model: dn.Model, device: str) -> str:
    """Denoise frame 4 and say how well, and how fast."""
    frame, start = field.frames[3], time.perf_counter()
    if not model.has_posterior:
        image = model.denoise(frame, device=device)
        return f"{field.psnr(image):.2f} dB in {time.perf_counter() - start:.2f} s"
    posterior = model.posterior(frame, device=device)
    mean = posterior.summarise(100).mmse
    seconds = time.perf_counter() - start
    sample = field.psnr(posterior.sample(0))
    return (
        f"{field.psnr(mean):.2f} dB from 100 samples in {seconds:.2f} s, one sample "
        f"{sample:.2f} dB"
    )


if __name__ == "__main__":
    main()
