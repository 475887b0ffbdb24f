"""What to do with a figure: where to put the threshold, how to shift a prediction, how many labels to buy."""
