"""Pages in print: typst sets a template as PDF for archives and screen readers (PDF/UA-1), with fonts of its own."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

# Bundled with typst.
FONT = "Libertinus Serif"
INSTEAD = "\u25a1"
# So many different signs may be missing of the scripts that the fonts have.
MOST_SIGNS = 50
_UNSHOWN = re.compile(r"the text `\"(.*?)\"` could not be displayed", re.DOTALL)


def printed(template: Path, content: dict[str, Any]) -> bytes:
    """Set a template. A sign that the fonts lack becomes a white square, and the template is told to say so."""
    import typst  # noqa: PLC0415  # 7 MB, and most web workers set no page

    text, lacking = json.dumps(content, ensure_ascii=False), ""
    for _ in range(MOST_SIGNS):
        try:
            made: Any = typst.compile(
                _read(template),
                font_paths=[],
                ignore_system_fonts=True,
                sys_inputs={"report": text, "lacking": lacking},
                pdf_standards="ua-1",
            )
        except typst.TypstError as error:
            unshown = _UNSHOWN.search(str(error))
            if unshown is None:
                raise
            # The next try is the last for most.
            text = "".join(INSTEAD if sign in unshown[1] or not _is_common(sign) else sign for sign in text)
            lacking = INSTEAD
        else:
            assert isinstance(made, bytes)
            return made
    raise ValueError("The fonts lack too many of the report's signs.")


def _is_common(sign: str) -> bool:
    """Whether a sign belongs to a script that the fonts have: Latin, Greek, Cyrillic, punctuation, arrows, formulas."""
    return sign < "\u0590" or "\u1e00" <= sign <= "\u2bff"


@cache
def _read(template: Path) -> bytes:
    return template.read_bytes()
