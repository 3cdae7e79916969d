"""Rows of a table of wells that take no part: summaries, and wells that somebody or the run has left out."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from osteocount.errors import OsteoCountError
from osteocount.stats.arms import text_of
from osteocount.stats.table_headings import TableColumns
from osteocount.stats.table_problems import TableProblems, join_rows, names_of, row_name, wells_said
from osteocount.well_roles import ROLES, leaves_out, role_of, takes_in
from osteocount.wells import LEFT_OUT_ROLES, parse_well

_MEAN = r"mean|average|avg\.?|median|mittelwert|mittel|durchschnitt|moyenne|promedio|\u5e73\u5747"
SUMMARY = re.compile(
    rf"^(?:grand[\s_]*)?(?:{_MEAN}|total|sum|subtotal|s\.?d\.?|st\.?\s?dev\.?|std|s\.?e\.?m?\.?|cv|"
    r"mean\s*(?:±|\+/-|\+-)\s*(?:sd|sem?)|standard\s(?:deviation|error)|summe|somme|suma|gesamt|overall|"
    r"all\s(?:donors|wells|arms|animals)|sta?n?d(?:ard)?\.?abw(?:eichung)?\.?|[ée]cart[\s-]type|desviaci[óo]n(?:\sest[áa]ndar)?|"
    r"n\s*=\s*\d+|p[\s-]?values?|t[\s-]?test|anova)(?:[\s_]*(?:\(.*\)|of\b.*|:))?$",
    re.I,
)
SUMMARY_OF = re.compile(rf"^(?:{_MEAN})[\s_]+(?:of[\s_]+)?\S.*$|^.*\S[\s_]*[\s_(,:-](?:{_MEAN}|sem)\)?$", re.I)
"""Words for a mean before or behind the name of a donor or a treatment; believed of rows without a well."""

LEFT_OUT_BY_STATUS = "left out because the status is not 'ok'"


def leave_out_wells(
    frame: pd.DataFrame, columns: TableColumns, problems: TableProblems
) -> tuple[pd.DataFrame, list[str]]:
    """Leave out summary rows and failed, blank, excluded and untreated wells, and say so."""
    notes: list[str] = []
    summary = _summary_rows(frame, columns)
    if summary.any():
        lines = join_rows([row_name(frame, int(i)) for i in np.flatnonzero(summary)])
        notes.append(f"Left out as a summary of wells (mean, SD, total …), not a well: {lines}.")
    frame = frame[~summary]
    if "status" in frame.columns:
        failed = ~frame["status"].map(text_of).str.casefold().isin(["ok", ""])
        if failed.any():
            listed = ", ".join(
                f"{row_name(frame, i)} {text_of(frame['status'].iloc[i])}" for i in np.flatnonzero(failed)[:8]
            )
            notes.append(f"{wells_said(int(failed.sum()))} {LEFT_OUT_BY_STATUS}: {listed}.")
        frame = frame[~failed]
    marked = _marked(frame, problems)
    if marked.any():
        listed = join_rows([row_name(frame, int(i)) for i in np.flatnonzero(marked)])
        notes.append(f"{wells_said(int(marked.sum()))} left out, since the table marks them so: {listed}.")
    frame = frame[~marked]
    if "role" in frame.columns:
        frame = frame.assign(role=_roles(frame, problems))
        left_out = frame["role"].isin(LEFT_OUT_ROLES)
        if left_out.any():
            notes.append(f"{wells_said(int(left_out.sum()))} with the role blank or excluded left out.")
        frame = frame[~left_out]
    untreated = frame[columns.treatment].map(text_of) == ""
    if untreated.any():
        listed = ", ".join(row_name(frame, i) for i in np.flatnonzero(untreated)[:8])
        notes.append(f"{wells_said(int(untreated.sum()))} without a treatment left out: {listed}.")
    frame = frame[~untreated]
    if frame.empty:
        raise OsteoCountError("No well is left to compare. " + " ".join(notes))
    return frame, notes


def refuse_rows_without_well(frame: pd.DataFrame) -> None:
    """Refuse rows without a well among rows with one: a summary under any name would count as a well.

    Raises
    ------
    OsteoCountError
    """
    if "well" not in frame.columns:
        return
    empty = names_of(frame["well"]) == ""
    if empty.any() and not empty.all():
        lines = join_rows([row_name(frame, int(i)) for i in np.flatnonzero(empty)])
        raise OsteoCountError(
            f"The table cannot be compared:\n  - {lines}: no well, though other rows have one; a summary (mean, n, all "
            "donors …) would count as a well. Delete the rows, or fill in their wells"
        )


def _marked(frame: pd.DataFrame, problems: TableProblems) -> pd.Series[bool]:
    """Whether a column ``exclude`` leaves a well out, or a column ``include`` does not take it in."""
    nothing = pd.Series("", frame.index)
    out = (frame["exclude"].map(text_of) if "exclude" in frame.columns else nothing).map(leaves_out)
    taken = (frame["include"].map(text_of) if "include" in frame.columns else nothing).map(takes_in)
    for position in np.flatnonzero(taken.isna()):
        what = f"'{text_of(frame['include'].iloc[position])}' says neither yes nor no; write one of them"
        problems.cell(frame, int(position), "include", what)
    return out.astype(bool) | taken.map(lambda said: said is False).astype(bool)  # of no rows map makes text


def _roles(frame: pd.DataFrame, problems: TableProblems) -> pd.Series[str]:
    """Return every role in the word that is used here (``veh`` is vehicle); empty where none is given."""
    texts = names_of(frame["role"])
    roles = texts.map(role_of)
    for position in np.flatnonzero((roles == "") & (texts != "")):
        what = (
            f"the role '{texts.iloc[position]}' is none of {', '.join(ROLES)}; correct it, or call the column otherwise"
        )
        problems.cell(frame, int(position), "role", what)
    return roles


def _summary_rows(frame: pd.DataFrame, columns: TableColumns) -> pd.Series[bool]:
    """Whether a row is no well but a mean, SD or total of wells, by the words in its columns of text.

    Raises
    ------
    OsteoCountError
        A row with a well of its own whose treatment or donor is such a word.
    """
    names = [name for name in (columns.donor, columns.treatment, "well", "plate") if name in frame]
    texts = frame[names].map(text_of)
    said = texts.map(lambda text: bool(SUMMARY.match(text)))
    real = texts["well"].map(lambda name: parse_well(name) is not None) if "well" in texts else False
    doubtful = said[[columns.donor, columns.treatment]].any(axis=1) & real
    if doubtful.any():
        lines = join_rows([row_name(frame, int(i)) for i in np.flatnonzero(doubtful)])
        raise OsteoCountError(
            f"The table cannot be compared:\n  - {lines}: the treatment or donor reads like a summary of wells (mean, "
            "SD, total …), but the row has a well; delete the row, or call the treatment or donor otherwise"
        )
    of_others = texts[[columns.donor, columns.treatment]].map(lambda text: bool(SUMMARY_OF.match(text))).any(axis=1)
    return said.any(axis=1) | (of_others & ~pd.Series(real, frame.index))
