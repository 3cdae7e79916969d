"""The only place that joins the parts: one picture, one well, one plate."""

from osteocount.pipeline.field import FieldResult, analyse
from osteocount.pipeline.folder import COMPARISON_FORMATS, Outcome, Progress, finish, run
from osteocount.pipeline.reader import ReaderInput

__all__ = ["COMPARISON_FORMATS", "FieldResult", "Outcome", "Progress", "ReaderInput", "analyse", "finish", "run"]
