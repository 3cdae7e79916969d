"""Pictures of any size, worked through tile by tile with the same cells as if seen at once."""
