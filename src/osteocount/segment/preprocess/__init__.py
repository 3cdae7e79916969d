"""From raw pixels to optical density of stains, inside the well, at one scale."""
