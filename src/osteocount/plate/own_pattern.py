"""Regular expressions that a person gives: one that backtracks for ever is refused, not waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from osteocount.errors import OsteoCountError

if TYPE_CHECKING:
    import re

MATCH_S = 1.0
"""Seconds one name may take; an ordinary pattern takes microseconds."""


@dataclass(frozen=True)
class OwnPattern:
    """A regular expression that is given up after `MATCH_S` seconds.

    Python's own module has no such limit, and ``(a+)+b`` on a name of 40 letters takes it years.

    Attributes
    ----------
    text
        The expression, as for `re`.
    """

    text: str
    _limit_s: float = field(default=MATCH_S, repr=False)

    @cached_property
    def _compiled(self) -> Any:
        import regex  # only for those who give a pattern

        try:
            return regex.compile(self.text, regex.VERSION0)
        except regex.error as error:
            raise OsteoCountError(
                f"The file name pattern {self.text!r} is not a regular expression: {error}."
            ) from error

    @property
    def groupindex(self) -> dict[str, int]:
        """Names of the groups.

        Raises
        ------
        OsteoCountError
            The text is no regular expression.
        """
        return dict(self._compiled.groupindex)

    def fullmatch(self, name: str) -> re.Match[str] | None:
        """Match the whole of ``name``.

        Raises
        ------
        OsteoCountError
            It takes too long; or the text is no regular expression.
        """
        try:
            match: re.Match[str] | None = self._compiled.fullmatch(name, timeout=self._limit_s)
        except TimeoutError as error:
            raise OsteoCountError(
                f"The file name pattern {self.text!r} takes more than {self._limit_s:g} s for {name!r}: it can be read "
                "in too many ways, most often because of a repetition inside a repetition, as in (a+)+. Write it "
                "without."
            ) from error
        return match
