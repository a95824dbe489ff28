"""Benchmarks: our accuracy and speed beside the peers', measured in one run."""
