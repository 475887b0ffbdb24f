"""Pages as people see them: line breaks of a template do not show."""

import re
from typing import Any

EDGE = re.compile(r"(<[a-z][^>]*>) | (?=</)")


def shown(response: Any) -> str:
    """Return the page's markup with white space collapsed, and none at the edges of an element."""
    return EDGE.sub(r"\1", " ".join(response.content.decode().split()))
