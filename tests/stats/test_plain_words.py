"""Names as a reader says them."""

import pytest

from osteocount.stats.plain_words import contrast_name, endpoint_name, in_words


@pytest.mark.parametrize(
    ("contrast", "name"),
    [
        ("EV_WT", "EV_WT"),
        ("cd81_dependence clone 2", "CD81 dependence clone 2 (wild type ÷ knock-out)"),
        ("il32_rescue", "IL-32 rescue (rescue ÷ knock-out)"),
        ("oxygen × il32_dependence", "oxygen × IL-32 dependence"),
        ("dose_trend rhIL-32", "dose trend of rhIL-32"),
    ],
)
def test_contrast_name(contrast, name):
    assert contrast_name(contrast) == name


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("osteoclast_count", "osteoclast count"),
        ("osteoclast_count_ge2", "count of cells with ≥ 2 nuclei"),
        ("trap_activity_net", "TRAP activity, net OD"),
        ("ctx_of_the_lab", "ctx of the lab"),
    ],
)
def test_endpoint_name(endpoint, name):
    assert endpoint_name(endpoint) == name


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("7 endpoints. 'osteoclast_count' is the primary one.", "7 endpoints. Osteoclast count is the primary one."),
        ("The p of osteoclast_count_ge2 (p_adjusted).", "The p of count of cells with ≥ 2 nuclei (p adjusted)."),
        ("Look at cells.csv and A01_f1.tif.", "Look at cells.csv and A01_f1.tif."),
        ("Column 'dose_unit' is empty.", "Column 'dose_unit' is empty."),
    ],
)
def test_names_of_files_are_written_out(text, wanted):
    assert in_words(text) == wanted
