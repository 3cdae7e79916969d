"""The command that teaches the network for low power a lab's own pictures: finetune."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from osteocount.cli.console import echo, follow, say
from osteocount.cli.options import with_settings
from osteocount.errors import OsteoCountError
from osteocount.settings import Settings


@with_settings("picture", "count")
def finetune(
    annotations: Annotated[
        list[Path],
        typer.Argument(
            help="Annotated pictures as `evaluate` takes them (QuPath, Fiji, labelme, label images), or result folders "
            "with corrected wells marked as reviewed."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The network to write (.onnx).")],
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The pictures, where they are not beside the annotations.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, max=20_000, help="Of teaching the network, with PyTorch. [default: what was found best]"),
    ] = None,
    call_only: Annotated[
        bool, typer.Option("--call-only", help="Only fit the call of cells anew; the network stays. Takes a minute.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is random.")] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only what came out.")] = False,
    *,
    settings: Settings,
) -> None:
    """Teach the network for low power, or its call, your pictures; refused where it may not help on wells left out."""
    if out.suffix != ".onnx":
        raise OsteoCountError(f"{out}: the network is an ONNX file; end its name in .onnx.")
    from osteocount.finetune.fine_tune import STEPS, fine_tune, save

    learning = fine_tune(annotations, pictures, settings, steps or STEPS, seed, call_only=call_only)
    tuned = follow(learning, quiet=quiet)
    for note in tuned.notes:
        say(note)
    echo(tuned.by_well.to_string(index=False))
    if not tuned.is_useful:
        raise OsteoCountError(f"Not saved: {tuned.sentence()}")
    save(tuned, out)
    echo(f"{tuned.sentence()} Saved in {out}; count with --model {out}.")
