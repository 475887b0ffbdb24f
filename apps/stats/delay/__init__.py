"""Late outcomes: how soon they are known, and what a window shows before all of them are in."""
