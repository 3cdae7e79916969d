"""The only place that joins the parts: one picture, one well, one plate."""

from osteocount.pipeline.absorbance import AbsorbanceInput
from osteocount.pipeline.analysis import FieldResult, analyse
from osteocount.pipeline.run_request import RunRequest
from osteocount.pipeline.runner import Progress, run, run_steps
from osteocount.pipeline.write_results import Outcome

__all__ = ["AbsorbanceInput", "FieldResult", "Outcome", "Progress", "RunRequest", "analyse", "run", "run_steps"]
