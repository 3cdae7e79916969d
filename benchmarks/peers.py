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


def imagej(path: Path, folder: Path, more: tuple[str, str] = MINIMAL, runs: int = 4) -> float | str:
    """Seconds of a macro of 8-bit, median, Otsu, watershed, particles, and ``more``; warm, inside one ImageJ."""
    said = _run_macro(path, folder, more, runs)
    if isinstance(said, str):
        return said
    times = [float(line.split()[1]) for line in said[1].splitlines() if line.startswith("seconds")]
    if len(times) < 2:
        return "not measured: ImageJ did not run"
    return min(times[1:])  # the first has the picture open already and warms Java up


def imagej_command(path: Path, folder: Path) -> float | str:
    """Seconds of the minimal macro as one command, Java's start included."""
    said = _run_macro(path, folder, MINIMAL, 1)
    return said if isinstance(said, str) else said[0]


def _run_macro(path: Path, folder: Path, more: tuple[str, str], runs: int) -> tuple[float, str] | str:
    """Return the seconds of the command and what it printed, or why it was not run."""
    jar = Path("/usr/share/java/ij.jar")
    if not jar.is_file() or shutil.which("java") is None:
        return "not measured: no ImageJ here (Debian: apt-get install imagej)"
    macro = folder / "field.ijm"
    macro.write_text(MACRO.format(path=path, runs=runs, before=more[0], beside=more[1]), encoding="utf-8")
    screen = ["xvfb-run", "-a"] if shutil.which("xvfb-run") else []  # its -batch opens menus, even here
    command = [*screen, "java", "-Xmx2g", "-cp", jar, "ij.ImageJ", "-batch", macro]
    started = time.perf_counter()
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return "not measured: ImageJ did not end within 300 s"
    if "seconds" not in said.stdout:
        return (
            "not measured: ImageJ did not run (" + (said.stderr or said.stdout).strip()[-120:].replace("\n", " ") + ")"
        )
    return time.perf_counter() - started, said.stdout


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


def cellpose_random(path: Path) -> float | str:
    """Seconds of Cellpose's own network with random weights, for its speed alone; its masks are not made."""
    if importlib.util.find_spec("cellpose") is None:
        return "not measured: not installed"
    import torch
    from cellpose.resnet_torch import CPnet

    network = CPnet([2, 32, 64, 128, 256], 3, 3).eval()
    picture = torch.from_numpy(np.moveaxis(tifffile.imread(path)[..., :2], 2, 0).astype(np.float32)[None] / 255)
    with torch.inference_mode():
        return best(lambda _: network(picture), path, 2)


def stardist_random(path: Path) -> float | str:
    """Seconds of StarDist's own network with random weights, for its speed alone; its polygons are not drawn."""
    if importlib.util.find_spec("stardist") is None:
        return "not measured: not installed"
    from stardist.models import Config2D, StarDist2D

    network = StarDist2D(Config2D(n_channel_in=3), name=None, basedir=None)
    picture = tifffile.imread(path).astype(np.float32) / 255
    return best(lambda _: network.predict(picture, n_tiles=(2, 2, 1)), path, 2)


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
    return {
        "ImageJ, a minimal macro (8-bit, median, Otsu, watershed, particles)": imagej(path, folder),
        "ImageJ, the same with rolling-ball background and maxima for nuclei": imagej(
            path, folder, WITH_LIGHT_AND_NUCLEI
        ),
        "scikit-image, as in its gallery": best(scikit_image, path),
        "published classical chain (CIELAB, Otsu, LoG nuclei)": best(published_chain, path, 1),
        "Cellpose's network, random weights": cellpose_random(path),
        "StarDist's network, random weights": stardist_random(path),
    }
