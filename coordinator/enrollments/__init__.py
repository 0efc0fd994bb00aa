"""Faces: what was enrolled, and the templates made of it."""
