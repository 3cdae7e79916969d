"""What a picture shows, and what is done with each kind of it."""
