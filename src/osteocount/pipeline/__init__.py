"""The only place that joins the parts: one picture, one well, one plate."""

from osteocount.pipeline.absorbance import AbsorbanceInput
from osteocount.pipeline.field import FieldResult, analyse
from osteocount.pipeline.run_folder import Outcome, Progress, finish, run

__all__ = ["AbsorbanceInput", "FieldResult", "Outcome", "Progress", "analyse", "finish", "run"]
