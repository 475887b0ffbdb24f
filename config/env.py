"""Typed getters for environment variables: all settings that differ between installations."""

import os
from ipaddress import IPv4Network, IPv6Network, ip_network


class SettingError(RuntimeError):
    """An environment variable is missing or malformed."""


def text(name: str, default: str | None = None) -> str:
    """Return the variable's text. Raises SettingError if it is not set and has no default."""
    value = os.environ.get(name, default)
    if value is None or (default is None and not value):
        raise SettingError(f"{name} must be set. See .env.example.")
    return value


def flag(name: str, *, default: bool = False) -> bool:
    """Return True for 1, true, yes and on."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in {"1", "true", "yes", "on"}


def integer(name: str, default: int) -> int:
    """Return a whole number. Raises SettingError for anything else."""
    value = os.environ.get(name, "")
    try:
        return int(value) if value else default
    except ValueError:
        raise SettingError(f"{name} must be a whole number, not {value!r}.") from None


def listing(name: str, default: str = "") -> list[str]:
    """Return comma-separated values, without empty ones."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Return comma-separated networks such as 10.0.0.0/8. Raises SettingError for anything else."""
    try:
        return [ip_network(part) for part in listing(name)]
    except ValueError as error:
        raise SettingError(f"{name} must list networks such as 10.0.0.0/8: {error}.") from None
