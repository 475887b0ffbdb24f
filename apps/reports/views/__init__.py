"""Pages of projects and reports."""
