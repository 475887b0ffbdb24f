"""The draw: with which probability, how many answered, and what the draw itself says about its soundness."""
