"""What holds for all tests."""

from hypothesis import settings

# A machine that is busy with other things is no reason to fail.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
