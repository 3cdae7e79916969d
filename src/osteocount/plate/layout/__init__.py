"""Plate layouts and sample sheets: what was done to each well."""
