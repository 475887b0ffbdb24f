"""Decisions from figures: where to put the threshold, how far to shift a prediction, how many labels to buy."""
