"""Detectors of cells and nuclei: classical, learned, external."""
