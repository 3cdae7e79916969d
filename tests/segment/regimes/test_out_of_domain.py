"""What is no TRAP culture is refused with the reason; every TRAP culture is let through, wells without cells too."""

from pathlib import Path

import numpy as np
import pytest

from osteocount import OsteoCountError, Settings, analyse, read_picture
from osteocount.io.picture import Picture, PixelSize
from osteocount.segment.regimes.out_of_domain import measure_domain, rejection_reason
from osteocount.simulate import FieldDesign, simulate_field
from osteocount.simulate.design import random_design
from support.low_power_well import random_well, simulate_well
from support.out_of_domain import PICTURES, blurred, phase_contrast

ROOT = Path(__file__).resolve().parents[3]
REAL = ROOT.parent / "shared" / "real"


def picture_of(pixels: np.ndarray, um: float | None = 0.76) -> Picture:
    size = PixelSize(um, "simulated" if um else "unknown: the file does not say")
    return Picture(Path("field.png"), pixels, "rgb", ("red", "green", "blue"), size, "YXC", ())


ONE_OF_EACH = ("phase contrast 0", "empty", "noise", "blurred 0", "H&E 0", "text", "photograph", "chart")


@pytest.mark.parametrize(
    ("name", "segmenter"), [*((n, "classical") for n in PICTURES), *((n, "learned") for n in ONE_OF_EACH)]
)
def test_nothing_foreign_is_counted(name: str, segmenter: str) -> None:
    settings = Settings.model_validate({"segment": {"segmenter": segmenter}})
    with pytest.raises(OsteoCountError, match=r"field\.png: .*[Cc]heck"):
        analyse(picture_of(PICTURES[name]()), settings)


@pytest.mark.parametrize(
    ("pixels", "word"),
    [
        (phase_contrast(0), "phase contrast"),
        (PICTURES["empty"](), "nothing can be seen"),
        (PICTURES["noise"](), "no background"),
        (blurred(0), "blurred"),
        (PICTURES["H&E 0"](), "eosin"),
        (PICTURES["text"](), "print"),
        (PICTURES["photograph"](), "blue, green or yellow"),
        (PICTURES["green dye"](), "not purple to red"),
    ],
)
def test_the_reason_names_what_it_looks_like(pixels: np.ndarray, word: str) -> None:
    inside = np.ones(pixels.shape[:2], bool)
    assert word in rejection_reason(measure_domain(picture_of(pixels), inside, 0.76))


@pytest.mark.parametrize("seed", range(30))
def test_cultures_of_every_stain_and_density_are_let_through(seed: int) -> None:
    design = random_design(np.random.default_rng([77, seed]), 280, 280, held_out=seed % 2 == 1)
    made = simulate_field(design, seed).picture
    assert rejection_reason(measure_domain(picture_of(made), np.ones(made.shape[:2], bool), design.pixel_size)) == ""


@pytest.mark.parametrize("seed", range(12))
def test_wells_at_low_power_are_let_through(seed: int) -> None:
    made = simulate_well(random_well(np.random.default_rng([78, seed]), side=700.0), seed)
    assert rejection_reason(measure_domain(picture_of(made.picture), made.inside, made.pixel_size)) == ""


def test_a_well_without_stained_cells_counts_as_none() -> None:
    design = FieldDesign(width=500, height=400)
    none = dict.fromkeys(type(design.densities).model_fields, 0.0) | {"debris": 60.0}
    made = simulate_field(design.replace(densities=design.densities.replace(**none)), 4).picture
    result = analyse(picture_of(made), Settings())
    assert result.summary["n_osteoclasts"] == 0


@pytest.mark.parametrize("path", sorted((ROOT / "sample_images").rglob("*_f1.tif"))[:8], ids=lambda path: path.stem)
def test_the_sample_plate_is_let_through(path: Path) -> None:
    picture = read_picture(path)
    um = picture.pixel_size.um
    assert um == pytest.approx(0.76)
    assert rejection_reason(measure_domain(picture, np.ones(picture.pixels.shape[:2], bool), um)) == ""


@pytest.mark.skipif(not REAL.is_dir(), reason="no real pictures beside the project")
@pytest.mark.parametrize(("name", "um"), [("brightfield_20x.png", 0.76), ("lowpower_well.png", 2.2)])
def test_real_pictures_are_let_through(name: str, um: float) -> None:
    picture = read_picture(REAL / name)
    assert rejection_reason(measure_domain(picture, np.ones(picture.pixels.shape[:2], bool), um)) == ""
