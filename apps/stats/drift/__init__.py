"""Has the world moved: histograms on frozen edges, distances with their null, alerts, weak slices, a classifier."""
