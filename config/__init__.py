"""Settings, URLs and entry points of the installation."""
