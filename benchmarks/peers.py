"""Other programs on the same field: each a function from a file to a number of objects, or a reason why not.

None of them is tuned, and only their time is asked for: their counts are not comparable to ours.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import tifffile

MACRO = """
setBatchMode(true);
open("{path}");
for (i = 0; i < {runs}; i++) {{
    started = getTime();
    if (i > 0) open("{path}");
    run("8-bit");
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


def imagej(path: Path, folder: Path, runs: int = 4) -> float | str:
    """Seconds of the macro that labs use: 8-bit, median, Otsu, watershed, particles; warm, inside one ImageJ."""
    program = shutil.which("imagej")
    jar = Path("/usr/share/java/ij.jar")
    if program is None or not jar.is_file() or shutil.which("java") is None:
        return "not measured: no ImageJ here (Debian: apt-get install imagej)"
    macro = folder / "field.ijm"
    macro.write_text(MACRO.format(path=path, runs=runs), encoding="utf-8")
    screen = ["xvfb-run", "-a"] if shutil.which("xvfb-run") else []  # its -batch opens menus, even here
    command = [*screen, "java", "-Xmx2g", "-cp", jar, "ij.ImageJ", "-batch", macro]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return "not measured: ImageJ did not end within 300 s"
    times = [float(line.split()[1]) for line in said.stdout.splitlines() if line.startswith("seconds")]
    if len(times) < 2:
        return (
            "not measured: ImageJ did not run (" + (said.stderr or said.stdout).strip()[-120:].replace("\n", " ") + ")"
        )
    return min(times[1:])  # the first has the picture open already and warms Java up


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


def best(action, path: Path, runs: int = 3) -> float:
    """Shortest of a few runs, in seconds."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        action(path)
        times.append(time.perf_counter() - started)
    return min(times)


def all_peers(path: Path, folder: Path) -> dict[str, float | str]:
    """Seconds of every peer on one field, or why it was not measured."""
    times: dict[str, float | str] = {
        "ImageJ macro (8-bit, median, Otsu, watershed, particles)": imagej(path, folder),
        "scikit-image, as in its gallery": best(scikit_image, path),
        "published classical chain (CIELAB, Otsu, LoG nuclei)": best(published_chain, path, 1),
    }
    for name in ("cellpose", "stardist"):
        found = importlib.util.find_spec(name) is not None
        times[f"{name}, random weights"] = f"not measured: {'no adapter' if found else 'not installed'}"
    return times
