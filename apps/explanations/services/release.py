"""The packages of this release as its lock has them, for a program that is to compute the same elsewhere.

The lock is read rather than the packages here: a node that only serves pages has no machine learning installed, and
whoever debugs may sit at another kind of machine.
"""

import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from packaging.markers import Marker, default_environment
from packaging.utils import parse_wheel_filename

Environment = dict[str, str]

PYTHON = f"3.{sys.version_info.minor}"
PLATFORMS: tuple[Environment, ...] = (
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64", "os_name": "nt"},
)
# The same library has another name where the other one has no wheels.
NAMES = {"darwin": {"xgboost-cpu": "xgboost"}}

Package = Mapping[str, Any]


@dataclass(frozen=True)
class Pinned:
    """A package with its version, and the hashes of all of its files that fit this Python."""

    name: str
    version: str
    hashes: tuple[str, ...]
    # Empty: needed everywhere.
    platforms: tuple[str, ...] = ()

    @property
    def exact(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def requirement(self) -> str:
        """With the condition on the platform, if there is one."""
        marker = " or ".join(f"sys_platform == '{platform}'" for platform in self.platforms)
        return f"{self.exact} ; {marker}" if marker else self.exact


@cache
def product() -> str:
    """Return the version of this release."""
    return str(_locked()["countersign"][0]["version"])


@cache
def pinned(names: tuple[str, ...]) -> tuple[Pinned, ...]:
    """Return these packages and all that they need, by name."""
    by_name = _locked()
    platforms: dict[tuple[str, str], tuple[str, ...]] = {}
    hashes: dict[tuple[str, str], tuple[str, ...]] = {}
    for platform in PLATFORMS:
        here = platform["sys_platform"]
        wanted = [NAMES.get(here, {}).get(name, name) for name in names]
        for package in _closure(wanted, by_name, _environment(platform)):
            key = package["name"], package["version"]
            platforms[key] = (*platforms.get(key, ()), here)
            hashes[key] = _hashes(package)
    everywhere = tuple(platform["sys_platform"] for platform in PLATFORMS)
    return tuple(
        Pinned(*key, hashes[key], () if platforms[key] == everywhere else platforms[key]) for key in sorted(platforms)
    )


def _locked() -> dict[str, list[Package]]:
    """Read the packages of the lock by name; some have a version for each of several environments."""
    lock = tomllib.loads((Path(settings.BASE_DIR) / "uv.lock").read_text("utf-8"))
    by_name: dict[str, list[Package]] = {}
    for package in lock["package"]:
        by_name.setdefault(package["name"], []).append(package)
    return by_name


def _environment(platform: Environment) -> Environment:
    here = {name: str(value) for name, value in default_environment().items()}
    return {**here, **platform, "extra": ""}


def _closure(names: Iterable[str], by_name: Mapping[str, list[Package]], environment: Environment) -> list[Package]:
    waiting: list[Package] = [{"name": name} for name in names]
    found: dict[str, Package] = {}
    while waiting:
        wanted = waiting.pop()
        if wanted["name"] in found or not _holds(wanted.get("marker"), environment):
            continue
        package = next(each for each in by_name[wanted["name"]] if _is_meant(each, wanted, environment))
        found[package["name"]] = package
        waiting += package.get("dependencies", [])
    return list(found.values())


def _is_meant(package: Package, wanted: Package, environment: Environment) -> bool:
    """Whether this version is the one that is wanted, or failing that, the one for this environment."""
    if "version" in wanted:
        return bool(package["version"] == wanted["version"])
    markers = package.get("resolution-markers")
    return not markers or any(_holds(marker, environment) for marker in markers)


def _holds(marker: str | None, environment: Environment) -> bool:
    return marker is None or Marker(marker).evaluate(environment)


def _hashes(package: Package) -> tuple[str, ...]:
    wheels = [each["hash"] for each in package.get("wheels", []) if _fits(each["url"].rsplit("/", 1)[-1])]
    source = [package["sdist"]["hash"]] if "sdist" in package else []
    return tuple(wheels + source)


def _fits(filename: str) -> bool:
    """Whether a wheel is for this Python, on whatever platform."""
    own = f"cp3{sys.version_info.minor}"
    for tag in parse_wheel_filename(filename)[3]:
        if tag.interpreter.startswith("py3") or (tag.interpreter == own and tag.abi in (own, "none")):
            return True
        if tag.abi == "abi3" and int(tag.interpreter.removeprefix("cp3")) <= sys.version_info.minor:
            return True
    return False
