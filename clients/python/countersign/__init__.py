"""A client for Countersign."""
