"""The only place that joins the parts: one picture, one well, one plate."""

from osteocount.pipeline.field import FieldResult, analyse
from osteocount.pipeline.folder import Outcome, Progress, finish, run

__all__ = ["FieldResult", "Outcome", "Progress", "analyse", "finish", "run"]
