"""What a way of learning gained on wells left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from osteocount.finetune.lab_network import LabNetwork, TaughtPicture
from osteocount.finetune.scores import Tally, chance_of_gain, total, units

_COLUMNS = tuple(f"{what}_{when}" for when in ("before", "after") for what in Tally._fields)


@dataclass(frozen=True)
class Gain:
    """Figures of networks on the wells that each has not seen, beside those of the network that ships.

    Attributes
    ----------
    by_block
        ``well, picture, block`` and tallies before and after.
    before, after
        Sums of all.
    p
        Of the gain in F1 by chance, one-sided.
    unit, n_units
        What was tossed for in its test.
    """

    by_block: pd.DataFrame
    before: Tally
    after: Tally
    p: float
    unit: str
    n_units: int

    def by_well(self) -> pd.DataFrame:
        """Return ``well, osteoclasts, recall_before, recall_after, precision_before, …`` of each well and of all."""
        sums = self.by_block.groupby("well", sort=True)[[*_COLUMNS]].sum()
        sums.loc["all"] = sums.sum()
        rows = []
        for well, row in sums.iterrows():
            before, after = Tally(*row.to_numpy(int)[:3]), Tally(*row.to_numpy(int)[3:])
            figures = {
                f"{name}_{when}": round(getattr(each, name), 3)
                for name in ("recall", "precision", "f1", "bias")
                for when, each in (("before", before), ("after", after))
            }
            rows.append({"well": well, "osteoclasts": before.true, **figures})
        return pd.DataFrame(rows)


def gain_on_left_out(
    networks: Sequence[LabNetwork], left_out: Sequence[frozenset[str]], taught: Sequence[TaughtPicture]
) -> Gain:
    """Score each of ``networks`` on the wells that were ``left_out`` when it learned.

    There must be enough square millimetres for `units`.
    """
    rows = []
    for network, wells in zip(networks, left_out, strict=True):
        own = [each for each in taught if each.scene.well in wells]
        for each, after in zip(own, network.tallies(own), strict=True):
            for block, (old, new) in enumerate(zip(each.before, after, strict=True)):
                rows.append((each.scene.well, each.scene.name, block, *old, *new))
    by_block = pd.DataFrame(rows, columns=["well", "picture", "block", *_COLUMNS])
    sums = units(by_block)
    assert sums is not None  # noqa: S101 - checked before anything was learned
    before, after = ([Tally(*row) for row in sums[list(part)].to_numpy(int)] for part in (_COLUMNS[:3], _COLUMNS[3:]))
    unit = str(sums.index.names[-1]).replace("block", "square millimetre")
    return Gain(by_block, total(before), total(after), chance_of_gain(before, after), unit, len(sums))
