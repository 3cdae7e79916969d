"""The layers of the viewer, which no other room of the window touches."""
