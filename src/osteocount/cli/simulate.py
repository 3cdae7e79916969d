"""Commands that make synthetic pictures with known truth: simulate plate, simulate field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteocount.cli.console import echo
from osteocount.settings import read_micrometres

LEAST_UM, MOST_UM = 0.2, 2.0

simulate_app = typer.Typer(name="simulate", help="Synthetic wells and plates with exact truth.", no_args_is_help=True)

Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the pictures and their truth.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same pictures.")]
Width = Annotated[int, typer.Option(min=64, help="Width of a picture in pixels.")]
Height = Annotated[int, typer.Option(min=64, help="Height of a picture in pixels.")]


def _micrometres(text: str) -> float:
    """Read a pixel size as people type it, within what the simulator can draw."""
    size = read_micrometres(str(text))
    try:
        number = float(size)
    except ValueError:
        number = float("nan")
    if not LEAST_UM <= number <= MOST_UM:
        raise typer.BadParameter(f"{text!r} is no pixel size from {LEAST_UM} to {MOST_UM} µm.")
    return number


PixelSize = Annotated[float, typer.Option(parser=_micrometres, metavar="UM", help="µm per pixel, 0.2 to 2.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what DIR holds.")]


@simulate_app.command("plate")
def plate(
    out: Out,
    seed: Seed = 7,
    donors: Annotated[int, typer.Option(min=1, max=8, help="Donors, a row of the plate each.")] = 6,
    wells: Annotated[int, typer.Option(min=1, max=12, help="Wells per donor and arm.")] = 2,
    fields: Annotated[int, typer.Option(min=1, max=99, help="Pictures per well.")] = 1,
    width: Width = 704,
    height: Height = 704,
    pixel_size: PixelSize = 0.76,
    overwrite: Overwrite = False,
) -> None:
    """Make a plate: vehicle, RANKL, rhIL-32 and EVs with known effects, its layout and its truth."""
    from osteocount.simulate import default_plate, simulate_plate

    design = default_plate(wells, fields, width, height, donors, pixel_size)
    truth = simulate_plate(design, seed, out, overwrite)
    echo(f"{len(truth)} wells in {out}; layout: {out / 'layout.csv'}; truth: {out / 'truth'}")


@simulate_app.command("field")
def field(
    out: Out,
    seed: Seed = 7,
    width: Width = 960,
    height: Height = 720,
    pixel_size: PixelSize = 0.76,
) -> None:
    """Make one picture with the labels of its cells and nuclei."""
    from osteocount.simulate import FieldDesign, simulate_field, write_field

    made = simulate_field(FieldDesign(width=width, height=height, pixel_size=pixel_size), seed)
    write_field(made, out / f"field_{seed}.tif", out / "truth")
    echo(f"{int(made.truth['is_osteoclast'].sum())} osteoclasts in {out}")
