"""What holds for all tests."""

import pytest
from hypothesis import HealthCheck, settings

# A machine that is busy with other things is no reason to fail.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _figures_in_one_format():
    """Save the figures of a report as SVG alone: PNG and PDF take longer than all else of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("osteocount.report.figures.FORMATS", ("svg",))
        yield
