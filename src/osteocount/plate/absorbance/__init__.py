"""Exports of absorbance plate readers: which wells were read with which values."""
