"""One picture under several names: counted once, since it would make wells, or even donors, out of nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from osteocount.io.picture import Pixels
from osteocount.io.run_record import FieldRecord, identity_of


def pixels_hash(pixels: Pixels) -> str:
    """Return a hash of a picture's grey levels and shape, the same whatever file holds them."""
    digest = hashlib.blake2b(str((pixels.shape, pixels.dtype.str)).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def without_duplicates(records: Iterable[FieldRecord]) -> tuple[FieldRecord, ...]:
    """Return the records with each picture counted once, under its first name; under the others it failed, and is said.

    Pictures are the same when their pixels are, or, of those too large for the memory, their files.
    """
    first: dict[tuple[str, ...], FieldRecord] = {}
    kept = []
    for record in records:
        same = (record.pixels_hash,) if record.pixels_hash else record.sha256
        known = first.setdefault(same, record) if record.is_done and same else record
        kept.append(record if known is record else _repeated(record, known))
    return tuple(kept)


def _repeated(record: FieldRecord, known: FieldRecord) -> FieldRecord:
    where = " ".join(filter(None, [known.plate, known.well])) or "counted there"
    reason = (
        f"{record.image}: the same picture, to the last pixel, as {known.image} ({where}), so it is not counted again. "
        "Put the right picture in its place, or leave this one out."
    )
    return FieldRecord(**identity_of(record), status="failed", reason=reason, sha256=record.sha256)
