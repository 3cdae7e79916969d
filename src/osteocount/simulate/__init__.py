"""Synthetic wells and plates with known truth."""
