"""The one kind of error whose text is meant for the person at the keyboard."""


class OsteoCountError(ValueError):
    """Something the user can mend.

    The text says what is wrong, in which file, cell or option, and what would mend it. The command line and the
    window show it as it is; every other exception is a defect of ours.
    """


NO_MEMORY = (
    "the memory was not enough. Close other programs, take fewer --workers or a machine with more memory, and go "
    "on with --resume."
)

_SAID = ("insufficient memory", "failed to allocate memory", "bad allocation", "std::bad_alloc", "unable to allocate")


def out_of_memory(error: BaseException) -> bool:
    """Tell whether ``error`` means that the memory is full; libraries in C++ say so in words of their own."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _SAID)
