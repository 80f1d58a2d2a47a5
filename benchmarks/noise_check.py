"""What the noise check says of images whose noise is known, and of the real ones.

python benchmarks/noise_check.py                 30 random images of each kind
python benchmarks/noise_check.py --wrong         name the ones it got wrong, too
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter

import _noise_cases as cases
from skimage.io import imread

import napari_divnoise as dn

VERDICTS = ("pixelwise", "rows", "columns", "structured", "blurred", "jpeg")
FIRST_SEED = 1000
"""Seeds below were used to choose the thresholds, seeds from here on report."""


def main() -> None:
    """Read the command line and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=30, help="images of each kind")
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    parser.add_argument("--wrong", action="store_true", help="name the wrong ones")
    parser.add_argument("--only", choices=["real", "altered", "synthetic"])
    wanted = parser.parse_args()
    if wanted.only in (None, "real"):
        real_images()
    if wanted.only in (None, "altered"):
        altered_images()
    if wanted.only in (None, "synthetic"):
        synthetic_images(wanted.n, wanted.seed, wanted.wrong)


def real_images() -> None:
    """Print the verdict on every noisy image of the data."""
    right = total = 0
    for path, expected in cases.real_images():
        report = dn.inspect_noise(path)
        right, total = right + (report.verdict == expected), total + 1
        mark = " " if report.verdict == expected else "x"
        name = f"{path.parent.name}/{path.stem}".removeprefix("images/")
        print(
            f"{mark} {name:<36} {report.verdict:<10} "
            f"{report.recommended_method or 'none':<10} "
            f"{report.direction or '':<1}  x {report.autocorrelation[3, 4]:5.2f}  "
            f"y {report.autocorrelation[4, 3]:5.2f}  "
            f"rows {report.row_ratio:6.2f}  columns {report.column_ratio:6.2f}  "
            f"snr {report.snr:.2g}"
        )
    print(f"real images: {right} of {total} as the data's README leads one to expect\n")


def altered_images() -> None:
    """Print what is said of the real images after they were spoiled on purpose."""
    print(f"{'real images':<18}{'right':>7}")
    for name, (alter, verdict_of) in cases.ALTERATIONS.items():
        right, wrong = 0, []
        for path, expected in cases.real_images():
            wanted = verdict_of.get(expected)
            image = alter(imread(path)) if wanted else None
            if image is None:
                continue
            verdict = dn.inspect_noise(image).verdict
            right += verdict == wanted
            wrong += [f"{path.stem} {verdict}"] * (verdict != wanted)
        print(f"{name:<18}{right:>3} of {right + len(wrong):<4}{', '.join(wrong)}")
    print()


def synthetic_images(n: int, seed: int, name_wrong: bool) -> None:
    """Print the confusion table of `n` random images of each kind."""
    table: Counter[tuple[str, str]] = Counter()
    right: Counter[str] = Counter()
    seconds = []
    for kind in cases.KINDS:
        for number in range(seed, seed + n):
            case = cases.make_case(kind, number)
            start = time.perf_counter()
            report = dn.inspect_noise(case.image)
            seconds.append((time.perf_counter() - start, case.image.size))
            table[kind, report.verdict] += 1
            is_right = report.verdict == case.verdict
            word = cases.NOTE_OF.get(kind, "")
            has_note = any(word in note.lower() for note in report.notes) or not word
            right[kind] += is_right and has_note
            if name_wrong and not (is_right and has_note):
                why = report.verdict if not is_right else f"no note of {word!r}"
                table7 = report.autocorrelation
                print(
                    f"  {kind} {number}: {why}; x {table7[3, 4]:.2f} "
                    f"y {table7[4, 3]:.2f} d {table7[4, 4]:.2f} rows "
                    f"{report.row_ratio:.2f} columns {report.column_ratio:.2f}; "
                    f"{case.how}"
                )
    print(f"{'':<18}" + "".join(f"{v:>11}" for v in VERDICTS) + "      right")
    for kind in cases.KINDS:
        row = "".join(f"{table[kind, v]:>11}" for v in VERDICTS)
        print(f"{kind:<18}{row}{100 * right[kind] / n:>9.0f} %")
    total = n * len(cases.KINDS)
    print(f"right: {sum(right.values())} of {total}, {sum(right.values()) / total:.1%}")
    large = [s for s, pixels in seconds if pixels == 1 << 20] or [float("nan")]
    print(
        f"1024x1024: median {statistics.median(large):.2f} s, most {max(large):.2f} s"
    )


if __name__ == "__main__":
    main()
