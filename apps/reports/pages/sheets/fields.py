"""The table of what was said and what came true: counts with ranges, and at its margins how often that was right."""

from apps.common.shares import hundredths
from apps.reports.engine.document import Document, Figure
from apps.reports.engine.pictured import MatrixPicture
from apps.reports.engine.rounding import is_exact, step_of, stepped
from apps.reports.pages import contents, numbers, wording
from apps.reports.pages.figures import brief, range_of
from apps.reports.pages.numbers import count
from apps.reports.pages.sheets.layout import Cell, Field, Fields, Head, Row, Section, Table
from apps.reports.pages.sheets.tables import cell

OTHERS = "all others"
# With more classes, a field has room for its count alone.
MOST_WITH_WORDS = 3


def matrix(document: Document) -> Section | None:
    """Show the counts, each field with a way to its cases."""
    pictures = document.get("pictures")
    found = pictures["matrix"] if pictures else None
    if not found:
        return None
    note = "Blue: right, orange: wrong; the fuller the color, the more cases."
    return Section("matrix", "Right and wrong", note, fields=_fields(document, found), how=_table(document, found))


def _fields(document: Document, found: MatrixPicture) -> Fields:
    titles = [_title(document, group) for group in found["groups"]]
    counts = [[_count(row["n"], share) for share in row["shares"]] for row in found["rows"]]
    most = max((number or 0.0 for row in counts for number in row), default=0.0) or 1.0
    rows = []
    for i, row in enumerate(found["rows"]):
        fields = [_field(document, found, i, j, most=most) for j in range(len(titles))]
        right = _margin(row["shares"][i], "so")
        rows.append((Head(f"Said {titles[i]}", count(row["n"])), fields, right))
    true = [sum(row[j] or 0.0 for row in counts) for j in range(len(titles))]
    columns = [
        Head(f"In truth {title}", _about(number, found, j))
        for j, (title, number) in enumerate(zip(titles, true, strict=True))
    ]
    foot = [_margin(figure, "found") for figure in found["found"]]
    foot += [Head("")] * (len(titles) - len(foot))
    shown = [*(share for row in found["rows"] for share in row["shares"]), *found["found"]]
    remarks = list(dict.fromkeys(remark for figure in shown if (remark := brief(figure)[1])))
    return Fields("What was said, by row, and what came true, by column", columns, rows, foot, remarks)


def _about(number: float, found: MatrixPicture, column: int) -> str:
    shares = [row["shares"][column] for row in found["rows"]]
    if any(share["value"] is None for share in shares):
        return ""
    return count(number) if all(map(is_exact, shares)) else f"about {count(number)}"


def _field(document: Document, found: MatrixPicture, i: int, j: int, *, most: float) -> Field:
    row, share = found["rows"][i], found["rows"][i]["shares"][j]
    number, is_right = _count(row["n"], share), i == j
    words = ("right" if is_right else "wrong") if len(found["groups"]) <= MOST_WITH_WORDS else ""
    if number is None:
        return Field("–", words, brief(share)[0], is_right, 0)
    said, true = found["groups"][i], found["groups"][j]
    is_one = len(said) == len(true) == 1
    names = f"said {_title(document, said)}, in truth {_title(document, true)}"
    query = _query(document, said[0], true[0]) if is_one and round(number) else ""
    fullness = round(100 * number / most)
    return Field(_number(number, row["n"], share), words, _likely(row["n"], share), is_right, fullness, query, names)


def _number(number: float, n: int, share: Figure) -> str:
    ends = range_of(share)
    return count(number) if ends is None else stepped(number, step_of(number, n * ends[0], n * ends[1]))


def _likely(n: int, share: Figure) -> str:
    ends = range_of(share)
    if ends is None:
        return ""
    step = step_of(n * (share["value"] or 0.0), n * ends[0], n * ends[1])
    return f"likely {stepped(n * ends[0], step)} to {stepped(n * ends[1], step)}"


def _margin(figure: Figure, word: str) -> Head:
    if figure["value"] is None:
        return Head("–", brief(figure)[0])
    ends = range_of(figure)
    decimals = numbers.per_hundred_decimals(*ends) if ends else 1
    likely = "counted" if ends is None else f"{' to '.join(hundredths(end, decimals=decimals) for end in ends)}"
    return Head(f"{hundredths(figure['value'], decimals=decimals)} in 100 {word}", likely)


def _query(document: Document, said: str, true: str) -> str:
    place = document["classes"].index
    return contents.search_query(document, prediction=f"class:{place(said)}", truth=f"class:{place(true)}")


def _count(n: int, share: Figure) -> float | None:
    return None if share["value"] is None else n * share["value"]


def _title(document: Document, group: list[str]) -> str:
    return f"“{wording.class_name(document, group[0])}”" if len(group) == 1 else OTHERS


def _table(document: Document, found: MatrixPicture) -> Table:
    titles = [_title(document, group) for group in found["groups"]]
    share = contents.unit(document, "accuracy")
    rows = [
        Row(f"Said {title}", [*(cell(each, share) for each in row["shares"]), Cell(count(row["n"]))])
        for title, row in zip(titles, found["rows"], strict=True)
    ]
    head = ["Of those", *(f"in truth {title}" for title in titles), "Predictions"]
    return Table("Figures of this picture, as shares of each row", head, rows)
