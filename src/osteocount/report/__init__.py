"""Figures and the HTML report."""

from osteocount.report.write import write_report

__all__ = ["write_report"]
