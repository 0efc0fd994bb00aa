"""Access tokens over REST."""
