"""Outcomes come late: how soon they are known, and what can be said of a window before all of them are in."""
