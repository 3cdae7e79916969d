"""The only place that joins the parts: one picture, one well, one plate."""

from osteocount.pipeline.absorbance import ReaderInput
from osteocount.pipeline.field import FieldResult, analyse
from osteocount.pipeline.run_folder import COMPARISON_FORMATS, Outcome, Progress, finish, run

__all__ = ["COMPARISON_FORMATS", "FieldResult", "Outcome", "Progress", "ReaderInput", "analyse", "finish", "run"]
