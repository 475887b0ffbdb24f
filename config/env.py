"""Typed getters for the environment: every setting that differs between installations comes through here."""

import os


class MissingSettingError(RuntimeError):
    """A setting without which the installation would not be safe is absent."""


def text(name: str, default: str | None = None) -> str:
    """The variable's text; with no default, it must be set."""
    value = os.environ.get(name, default)
    if value is None or (default is None and not value):
        raise MissingSettingError(f"{name} must be set")
    return value


def flag(name: str, *, default: bool = False) -> bool:
    """True for 1, true, yes and on."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in {"1", "true", "yes", "on"}


def integer(name: str, default: int) -> int:
    """A whole number."""
    value = os.environ.get(name, "")
    try:
        return int(value) if value else default
    except ValueError:
        raise MissingSettingError(f"{name} must be a whole number, not {value!r}") from None


def listing(name: str, default: str = "") -> list[str]:
    """Comma-separated values, empty ones left out."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]
