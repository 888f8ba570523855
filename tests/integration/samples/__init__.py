"""Samples of vendors: how they are delivered, and what they tell."""
