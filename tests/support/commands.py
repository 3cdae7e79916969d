"""The real command line, called as a person does."""

import pytest
from typer.testing import CliRunner

from osteocount.cli import app
from osteocount.errors import OsteoCountError

RUNNER = CliRunner()


def run(*arguments):
    return RUNNER.invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def refused(*arguments):
    with pytest.raises(OsteoCountError) as caught:
        run(*arguments)
    return str(caught.value)
