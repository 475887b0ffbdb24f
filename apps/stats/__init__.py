"""Numbers only: arrays in, frozen results out.

`BinaryEstimator(population, sample).estimate("recall")` is the way in for a report; see also
`MulticlassEstimator` and `RegressionEstimator`.
"""
