"""Designs, comparisons, dose, agreement with manual counts, sample size."""

from osteocount.stats.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
