"""Accuracy of every method on the same folds: ``python -m benchmarks.accuracy --help``."""
