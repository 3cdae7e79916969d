"""Annotations of a lab, and how good a result is beside them."""
