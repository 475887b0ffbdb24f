"""Design of a draw: which predictions, how many labels, and whether the draw and its answers are sound."""
