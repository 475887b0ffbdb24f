"""Comparisons: a model with its baseline, one share with another, and many of them at once."""
