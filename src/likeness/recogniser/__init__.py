"""The recogniser: people who are enrolled, and who somebody is. It runs without Keras."""
