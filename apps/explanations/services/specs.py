"""The spec of a model file, for other apps: how its inputs are fed and its output is read."""

import msgspec

from apps.explanations.engine.spec import Method, Space, Spec
from apps.explanations.models import Artifact

__all__ = ["Method", "Space", "Spec", "spec_of"]


def spec_of(artifact: Artifact) -> Spec:
    """Return what it takes to feed the file."""
    return msgspec.convert(artifact.spec, Spec)
