"""People, projects, keys and links: who may enter, and what they may do."""
