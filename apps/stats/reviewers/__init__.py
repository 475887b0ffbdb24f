"""Reviewers: how often they agree, and how often each of them is right."""
