"""What the pages of quality are asked for; anything else is as if nothing had been asked."""

from typing import Any

from django.http import QueryDict

from apps.truth.services.quality import WINDOW, WINDOWS


def asked(query: QueryDict) -> dict[str, Any]:
    """`days` of the window, whether only cases that differ are wanted, and the page."""
    days = {str(each): each for each in WINDOWS}.get(query.get("days", ""), WINDOW)
    return {"days": days, "only_differing": query.get("differs") == "1", "number": query.get("page", "1")}
