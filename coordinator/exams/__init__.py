"""Exams as the institution plans them."""
