"""One module for each format of model files. A library is imported here, in the child, and nowhere else."""
