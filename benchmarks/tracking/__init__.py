"""Trackers side by side on two public sequences."""
