"""File names to wells, layouts, plate-reader exports, well-level quality control."""
