"""Two of a kind: a model beside its baseline, and many comparisons at once."""
