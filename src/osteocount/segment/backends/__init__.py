"""Learned segmenters and optional back ends."""
