"""People: how often they agree, whom to believe, and how often each of them is right."""
