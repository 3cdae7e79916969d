"""The layers of the viewer: the only room that touches them."""
