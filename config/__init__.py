"""Settings, URLs and entry points of an installation."""
