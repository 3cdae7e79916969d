"""A network that ships, taught further by the annotations of a lab."""
