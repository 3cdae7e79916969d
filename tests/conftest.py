"""What holds for all tests."""

import pytest
from hypothesis import HealthCheck, settings

from osteocount.pipeline import runner

# A machine that is busy with other things is no reason to fail.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _figures_in_one_format():
    """Save the figures of a report as SVG alone: PNG and PDF take longer than all else of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("osteocount.report.figures.FORMATS", ("svg",))
        yield


@pytest.fixture(autouse=True, scope="session")
def _one_worker_is_this_process():
    """Count in this process where a command has one worker and no limits are asked for: one of its own starts slowly.

    That a picture has one is tested in `tests/pipeline/test_limits.py`, and by tests that start the program itself.
    """
    process_all = runner.process_all

    def in_this_process(*given, workers, limits, **options):
        is_asked = workers > 1 or (limits is not None and limits.even_alone)
        return process_all(*given, workers=workers, limits=limits if is_asked else None, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "process_all", in_this_process)
        yield
