"""Stored alerts."""
