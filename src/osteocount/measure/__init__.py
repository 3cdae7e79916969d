"""Label images to the cells table and the wells table."""
