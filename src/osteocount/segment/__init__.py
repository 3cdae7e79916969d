"""From a picture to cells and nuclei."""
