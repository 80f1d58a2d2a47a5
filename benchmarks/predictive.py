"""Whether the predictive check names a noise model that is wrong.

Trains DivNoising on the frames of an FMD field with noise models that are right and
wrong, and checks frame 4.

    python benchmarks/predictive.py Confocal_MICE --noise mixture "mixture*4" learn
"""

from __future__ import annotations

import argparse
import time

import _fmd

import napari_divnoise as dn

NOISE = ("mixture", "mixture*4", "mixture*0.25", "learn")


def main() -> None:
    """Read the command line and print one row for each noise model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("field", choices=_fmd.FIELDS)
    parser.add_argument("--noise", nargs="+", default=NOISE)
    parser.add_argument("--minutes", type=float, default=1.0)
    wanted = parser.parse_args()
    field = _fmd.load(wanted.field)
    for noise in wanted.noise:
        model = dn.fit(
            field.frames,
            noise_model=field.noise_model(noise),
            preset="quick",
            max_minutes=wanted.minutes,
            seed=0,
        )
        start = time.perf_counter()
        check = dn.predictive_check(model, field.frames[3])
        print(
            f"{noise:>12}: {check.grade}, {check.spread:.2f} of the stated variance, "
            f"neighbours {check.autocorrelation[3, 4]:+.2f} along x, "
            f"{time.perf_counter() - start:.1f} s\n    {check.verdict}",
            flush=True,
        )


if __name__ == "__main__":
    main()
