"""The one kind of error whose text is meant for the person at the keyboard."""


class OsteoCountError(ValueError):
    """Something the user can mend.

    The text says what is wrong, in which file, cell or option, and what would mend it. The command line and the
    window show it as it is; every other exception is a defect of ours.
    """
