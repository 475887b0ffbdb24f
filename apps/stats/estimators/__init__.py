"""Figures of a whole population from cells and a small uneven sample: one pseudo-value for every prediction."""
