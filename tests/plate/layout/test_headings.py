"""The headings of a layout."""

from __future__ import annotations

import pytest

from osteocount.plate.layout.headings import column_of


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Dose (ng/mL)", ("dose", "ng/mL")), ("dose (ng per mL)", ("dose", "ng/mL")),
        ("Well ID", ("well", "")), ("EV-batch", ("ev_batch", "")),
        ("Donor_ID", ("donor", "")), ("µM", ("µm", "µM")),
        ("Dose ng/mL", ("dose", "ng/mL")), ("dose_ng_ml", ("dose", "ng/mL")), ("Final conc. (nM)", ("dose", "nM")),
        ("Concentration_uM", ("dose", "µM")), ("Konzentration [ng/ml]", ("dose", "ng/ml")), ("Dosis", ("dose", "")),
        ("Spender", ("donor", "")), ("Behandlung", ("treatment", "")), ("Vertiefung", ("well", "")),
        ("Donneur", ("donor", "")), ("Puits", ("well", "")), ("Traitement", ("treatment", "")),
        ("Tratamiento", ("treatment", "")), ("Donante", ("donor", "")), ("Pocillo", ("well", "")),
        ("ウェル", ("well", "")), ("処理", ("treatment", "")), ("濃度 (ng/mL)", ("dose", "ng/mL")),
        ("Donor #", ("donor", "")), ("Mouse ID", ("donor", "")), ("Biological replicate", ("donor", "")),
        ("Exclude?", ("exclude", "")), ("Excluded (y/n)", ("exclude", "y/n")), ("Used", ("include", "")),
        ("RANKL (ng/mL)", ("rankl", "ng/mL")), ("mmoles_per_liter", ("mmoles_per_liter", "mmol/L")),
        ("Group", ("group", "")), ("passage", ("passage", "")),
    ],
)  # fmt: skip
def test_headings(heading, expected):
    assert column_of(heading) == expected
