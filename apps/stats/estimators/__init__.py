"""Figures of a whole population from its cells and a small, uneven sample: one pseudo-value per prediction."""
