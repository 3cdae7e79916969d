"""Other programs on the same field: how long each takes, or a reason why that was not measured.

None of them is tuned, and only their time is asked for: their counts are not comparable to ours.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tifffile

HERE = Path(__file__).parent
#: Networks of others run in an environment of their own, which `make bench` sets up.
NETWORKS = HERE.parent / "build" / "peers" / "bin" / "python"


class Taken(NamedTuple):
    """How long something took: by the clock, and of the processor; the second hardly depends on other work."""

    seconds: float
    processor: float


MACRO = """
setBatchMode(true);
open("{path}");
for (i = 0; i < {runs}; i++) {{
    started = getTime();
    if (i > 0) open("{path}");
    {before}
    run("8-bit");
    {beside}
    run("Median...", "radius=2");
    setAutoThreshold("Otsu");
    setOption("BlackBackground", false);
    run("Convert to Mask");
    run("Watershed");
    run("Analyze Particles...", "size=500-Infinity show=Nothing display clear");
    print("seconds " + (getTime() - started) / 1000);
    close();
}}
run("Quit");
"""
MINIMAL = ("", "")
#: Uneven light is evened out with ImageJ's own default, and nuclei are looked for; still none is given to its cell.
WITH_LIGHT_AND_NUCLEI = (
    'run("Subtract Background...", "rolling=50 light");',
    'run("Duplicate...", "title=nuclei"); run("Gaussian Blur...", "sigma=2"); '
    'run("Find Maxima...", "noise=10 prominence=10 output=Count light"); close();',
)


def imagej(path: Path, folder: Path, more: tuple[str, str] = MINIMAL, runs: int = 4) -> Taken | str:
    """Time a macro of 8-bit, median, Otsu, watershed, particles, and ``more``; warm, inside one ImageJ."""
    one, several = (_run_macro(path, folder, more, count) for count in (1, runs))
    if isinstance(one, str) or isinstance(several, str):
        return one if isinstance(one, str) else several
    times = [float(line.split()[1]) for line in several[1].splitlines() if line.startswith("seconds")]
    # The first has the picture open already and warms Java up; ImageJ does not tell its processor time.
    return Taken(min(times[1:]), (several[0].processor - one[0].processor) / (runs - 1))


def imagej_command(path: Path, folder: Path) -> Taken | str:
    """Time the minimal macro as one command, Java's start included."""
    said = _run_macro(path, folder, MINIMAL, 1)
    return said if isinstance(said, str) else said[0]


def _run_macro(path: Path, folder: Path, more: tuple[str, str], runs: int) -> tuple[Taken, str] | str:
    """Return how long the command took and what it printed, or why it was not run."""
    jar = Path("/usr/share/java/ij.jar")
    if not jar.is_file() or shutil.which("java") is None:
        return "not measured: no ImageJ here (Debian: apt-get install imagej)"
    macro = folder / "field.ijm"
    macro.write_text(MACRO.format(path=path, runs=runs, before=more[0], beside=more[1]), encoding="utf-8")
    screen = ["xvfb-run", "-a"] if shutil.which("xvfb-run") else []  # its -batch opens menus, even here
    command = [*screen, "java", "-Xmx2g", "-cp", jar, "ij.ImageJ", "-batch", macro]
    before = now()
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return "not measured: ImageJ did not end within 300 s"
    if "seconds" not in said.stdout:
        return (
            "not measured: ImageJ did not run (" + (said.stderr or said.stdout).strip()[-120:].replace("\n", " ") + ")"
        )
    return since(before), said.stdout


def scikit_image(path: Path) -> int:
    """Threshold and distance-transform watershed as its gallery does it, on the haematoxylin channel."""
    from scipy import ndimage
    from skimage import color, feature, filters, measure, segmentation

    stain = filters.gaussian(color.rgb2hed(tifffile.imread(path))[..., 0], 1.5)
    mask = stain > filters.threshold_otsu(stain)
    distance = ndimage.distance_transform_edt(mask)
    peaks = feature.peak_local_max(distance, min_distance=10, labels=measure.label(mask))
    markers = np.zeros(mask.shape, int)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = segmentation.watershed(-distance, markers, mask=mask)
    return len(measure.regionprops_table(labels, properties=("label", "area", "eccentricity", "solidity"))["label"])


def published_chain(path: Path) -> int:
    """Classical chain as papers on TRAP pictures describe it.

    CIELAB, threshold of its a channel by Otsu, opening, holes filled, small objects removed, dark nuclei by a
    Laplacian of Gaussian inside the cells.
    """
    from scipy import ndimage
    from skimage import color, feature, filters, measure, morphology

    lab = color.rgb2lab(tifffile.imread(path))
    mask = lab[..., 1] > filters.threshold_otsu(lab[..., 1])
    mask = ndimage.binary_fill_holes(ndimage.binary_opening(mask, morphology.disk(3)))
    labels = measure.label(mask)
    sizes = np.bincount(labels.ravel())
    labels[sizes[labels] < 300] = 0
    blobs = feature.blob_log(lab[..., 0] / 100, min_sigma=4, max_sigma=8, num_sigma=3, threshold=0.05)
    inside = labels[tuple(blobs[:, :2].astype(int).T)]
    return int((np.bincount(inside[inside > 0], minlength=1) >= 3).sum())


def network(name: str, path: Path) -> Taken | str:
    """Time the network of another program, on one thread, with random weights: for its speed alone."""
    if not NETWORKS.is_file():
        return "not measured: not installed (`make bench` does)"
    command = [NETWORKS, HERE / "peer_networks.py", name, path]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode:
        return f"not measured: {said.stderr.strip().splitlines()[-1]}"
    return Taken(*(float(part) for part in said.stdout.split()[-2:]))


def now() -> Taken:
    """Return the clock, and the processor time of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Taken(time.perf_counter(), sum(each.ru_utime + each.ru_stime for each in used))


def since(before: Taken) -> Taken:
    """Return what has passed."""
    return Taken(*(after - then for after, then in zip(now(), before, strict=True)))


def best(action, runs: int = 3) -> Taken:
    """Return the shortest of a few runs."""
    times = []
    for _ in range(runs):
        before = now()
        action()
        times.append(since(before))
    return Taken(*(min(each) for each in zip(*times, strict=True)))


def all_peers(path: Path, folder: Path) -> dict[str, Taken | str]:
    """Time every peer on one field, or say why it was not measured."""
    return {
        "ImageJ, a minimal macro (8-bit, median, Otsu, watershed, particles)": imagej(path, folder),
        "ImageJ, the same with rolling-ball background and maxima for nuclei": imagej(
            path, folder, WITH_LIGHT_AND_NUCLEI
        ),
        "scikit-image, as in its gallery": best(lambda: scikit_image(path)),
        "published classical chain (CIELAB, Otsu, LoG nuclei)": best(lambda: published_chain(path), 1),
        "Cellpose's network, random weights": network("cellpose", path),
        "StarDist's network, random weights": network("stardist", path),
    }
