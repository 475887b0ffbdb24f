"""Drift: histograms on frozen edges, distances with their null, alerts, weak slices, a domain classifier."""
