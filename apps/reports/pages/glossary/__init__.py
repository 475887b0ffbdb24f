"""The glossary: every term of the pages with its definition."""
