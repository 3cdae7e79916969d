"""Designs, comparisons, dose, agreement with manual counts, sample size."""
