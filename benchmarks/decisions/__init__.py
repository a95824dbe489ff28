"""What the decision tools cost, and whether they keep what they say."""
