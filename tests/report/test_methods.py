"""The methods say what the run recorded."""

from __future__ import annotations


def test_methods_can_be_pasted(page):
    for words in (
        "TRAP-stained cultures were analysed from 19 brightfield pictures of 19 wells at 0.76 µm per pixel "
        "(pixel size: given by the user) with OsteoCount 0.1.0.",
        "A cell was TRAP-positive when its mean TRAP optical density exceeded 0.08, and an osteoclast when it also had "
        "at least 3 nuclei.",
        "The ratio of EV wild type to EV knock-out was one further contrast of the same model.",
        "each arm was compared with vehicle (donor as the unit of replication, n = 3; least squares on donor × arm",
    ):
        assert words in page.text
