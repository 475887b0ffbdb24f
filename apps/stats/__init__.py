"""Numbers only: arrays in, frozen results out.

A report starts at `BinaryEstimator(population, sample).estimate("recall")`, or at `MulticlassEstimator` or
`RegressionEstimator`.
"""
