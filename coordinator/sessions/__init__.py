"""Watched exam sittings, their join codes and acknowledgements."""
