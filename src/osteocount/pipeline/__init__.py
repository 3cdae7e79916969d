"""The only place that joins the parts: one picture, one well, one plate."""

from osteocount.pipeline.field import FieldResult, analyse
from osteocount.pipeline.folder import Outcome, Progress, finish, run
from osteocount.pipeline.reader import ReaderInput

__all__ = ["FieldResult", "Outcome", "Progress", "ReaderInput", "analyse", "finish", "run"]
