"""Omniglot's twenty runs of one-shot classification, beside baselines and published errors."""
