"""What a run would count, before it does: its pictures, what was done to them, their scale and regime."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from osteocount.errors import OsteoCountError
from osteocount.io.picture import Picture
from osteocount.io.tiled_image import open_tiled
from osteocount.pipeline.field import FieldTask, field_tasks, read_channels
from osteocount.pipeline.run_request import RunRequest
from osteocount.pipeline.runner import read_inputs
from osteocount.plate.layout.read import compare_wells, misfits_in_words, pictureless
from osteocount.segment import get_segmenter
from osteocount.settings import Settings
from osteocount.stats.arms import arm_names
from osteocount.wells import CONTROL_ROLES, LEFT_OUT_ROLES

LOOKED_AT = 3
"""Pictures of a folder that are read: the first, the middle and the last one. More would make a person wait."""


@dataclass(frozen=True)
class PictureDryRun:
    """One picture.

    Attributes
    ----------
    name
        As in the tables.
    axes
        Its size and kind in words.
    um, origin
        Micrometres per pixel, None when unknown, and who says so.
    regime, reason
        How it would be analysed, and why; "" when that is seen only while it is counted.
    refusal
        Why it would not be counted, "" when it would.
    """

    name: str
    axes: str
    um: float | None
    origin: str
    regime: str = ""
    reason: str = ""
    refusal: str = ""


@dataclass(frozen=True)
class DryRun:
    """What a run would count.

    Attributes
    ----------
    fields, samples
        How many pictures (the channels of one are one), of how many wells, dishes or slides.
    on_plates
        Whether the samples are wells.
    fields_each
        Fewest and most pictures of a sample.
    arms, donors
        Their names, empty without a layout.
    control
        The arm the others are compared with; "" where none is named.
    pictures
        Those that were looked at.
    readings
        How many wells have an absorbance.
    notes
        What does not fit, and what else to know, in sentences.
    """

    fields: int
    samples: int
    on_plates: bool
    fields_each: tuple[int, int]
    arms: tuple[str, ...]
    donors: tuple[str, ...]
    control: str
    pictures: tuple[PictureDryRun, ...]
    notes: tuple[str, ...]
    readings: int = 0


def look_ahead(request: RunRequest) -> DryRun:
    """Read names, layout and a few pictures of ``request``; nothing is counted and nothing written.

    Raises
    ------
    OsteoCountError
        The run would be refused; the text says why.
    """
    index, inputs, notes = read_inputs(request)
    tasks = field_tasks(index, request.source)
    each = Counter((task.plate, task.well) for task in tasks if task.well)
    layout = inputs.layout
    arms: tuple[str, ...] = ()
    donors: tuple[str, ...] = ()
    control = request.settings.comparison.control or ""
    if layout is not None:
        used = layout[~layout["role"].isin(LEFT_OUT_ROLES)]
        names = arm_names(used)
        arms = tuple(dict.fromkeys(name for name in names if name))
        donors = tuple(dict.fromkeys(donor for donor in used["donor"].dropna() if donor))
        controls = [name for name, role in zip(names, used["role"], strict=True) if role in CONTROL_ROLES]
        control = control or next(iter(controls), "")
        places = {(str(plate), str(well)) for plate, well in zip(layout["plate"], layout["well"], strict=True)}
        notes += misfits_in_words(*compare_wells(places, set(each), pictureless(layout.to_dict("records"))))
    chosen = [tasks[n] for n in sorted({0, len(tasks) // 2, len(tasks) - 1}) if tasks][:LOOKED_AT]
    return DryRun(
        fields=len(tasks),
        samples=len(each),
        on_plates=any(entry.row for entry in index.entries),
        fields_each=(min(each.values()), max(each.values())) if each else (0, 0),
        arms=arms,
        donors=donors,
        control=control,
        pictures=tuple(look_at(task, request.settings) for task in chosen),
        notes=notes,
        readings=len({place for table in inputs.readings for place in zip(table["plate"], table["well"], strict=True)}),
    )


def look_at(task: FieldTask, settings: Settings) -> PictureDryRun:
    """Read one picture; what cannot be read is said."""
    try:
        if len(task.paths) == 1:
            with open_tiled(task.paths[0], settings.picture.pixel_size, task.scene) as image:
                if image is not None:  # its regime is seen on all of it, which takes as long as a part of the count
                    return PictureDryRun(task.image, image.axes, image.pixel_size.um, image.pixel_size.origin)
        return dry_run_of(read_channels(task.paths, settings.picture.pixel_size, task.scene), task.image, settings)
    except OsteoCountError as error:
        return PictureDryRun(task.image, "", None, "", refusal=str(error))


def dry_run_of(picture: Picture, name: str, settings: Settings) -> PictureDryRun:
    """Say how a picture in memory would be analysed."""
    um, origin = picture.pixel_size.um, picture.pixel_size.origin
    try:
        record = get_segmenter(settings).recognise(picture)
    except OsteoCountError as error:
        return PictureDryRun(name, picture.axes, um, origin, refusal=str(error))
    return PictureDryRun(name, picture.axes, um, origin, record["regime"], record["regime_reason"])
