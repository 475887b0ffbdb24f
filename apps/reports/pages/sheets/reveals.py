"""The section on whether the reveal helps: what the model's answer, once shown, did to blind first answers."""

from collections import Counter

from django.utils.text import capfirst

from apps.reports.engine.document import Document, Figures, RevealGroup, RevealsSection
from apps.reports.engine.rounding import unit_of
from apps.reports.pages.figures import in_sentence
from apps.reports.pages.numbers import count, plural
from apps.reports.pages.sheets.layout import Cell, ChartText, Row, Section, Table
from apps.reports.pages.sheets.tables import cell
from apps.review.models import Shown, Similar

HEAD = ["Shown", "Changed", "Toward the truth", "Away from it", "Balance"]
OVER_RELIANCE = ["Model wrong, and followed", "Model right, and taken up"]
CAUTION = (
    "Answers weigh as many predictions as their case stands for. Cases may differ in more than what was shown with "
    "them, so a difference between two rows is no proof."
)


def reveals(document: Document) -> Section | None:
    """Show the changes after the reveal, held against the truth; None where nobody answered a reveal."""
    found = document.get("reveals")
    if not found:
        return None
    title, whole = "Does the reveal help?", found["groups"][0]
    if not whole["answers"]:
        given = plural(found["revealed"], "answer was", "answers were")
        return Section("reveals", title, f"{given} given after a reveal, and of none is the truth known yet.")
    table = _table(found)
    is_number = document["task"] == "regression"
    sentences = [_balance(whole, found["least_changed"]), *_reliance(whole), *_left_out(found)]
    note, sentences = _changes(whole, is_number=is_number), [*sentences, CAUTION]
    known = [group for group in dotted(found) if group["figures"]["net"]["value"] is not None]
    if not known:
        return Section("reveals", title, note, table=table, sentences=sentences)
    said = [f"{name(group)}: {cell(group['figures']['net'], unit_of('accuracy_difference')).text}" for group in known]
    chart = ChartText("reveals", f"{'; '.join(said)}. All figures are in the table below.", table)
    return Section("reveals", title, note, chart, sentences=sentences)


def dotted(found: RevealsSection) -> list[RevealGroup]:
    """Return the groups to compare: all answers, and groups that have others of their kind."""
    kinds = Counter(group["kind"] for group in found["groups"])
    return [group for group in found["groups"] if group["kind"] == "all" or kinds[group["kind"]] > 1]


def name(group: RevealGroup) -> str:
    if group["kind"] == "all":
        return "All"
    return capfirst(Similar(group["shown"]).label if group["kind"] == "similar" else Shown.words(group["shown"]))


def _table(found: RevealsSection) -> Table:
    share, points = unit_of("accuracy"), unit_of("accuracy_difference")
    units = {metric: points if metric == "net" else share for metric in ("changed", "toward", "away", "net")}
    relied = _reliance_of(found["groups"][0])
    units |= dict.fromkeys(relied, share)
    rows = [
        Row(
            name(group),
            [*(cell(group["figures"].get(metric), of) for metric, of in units.items()), Cell(count(group["answers"]))],
        )
        for group in dotted(found)
    ]
    head = [*HEAD, *(OVER_RELIANCE if relied else []), "Answers"]
    return Table("First answers, changed once the model’s answer was shown", head, rows)


def _changes(whole: RevealGroup, *, is_number: bool) -> str:
    """Count the changes by where they lead.

    >>> counts = {"answers": 120, "n_changed": 6, "n_toward": 4, "n_away": 1}
    >>> _changes(counts, is_number=False)
    'Of 120 answers, the reveal changed 6: 4 to the right one, 1 away from it, 1 from one wrong answer to another.'
    """
    of = f"Of {plural(whole['answers'], 'answer', 'answers')}, the reveal changed"
    if not whole["n_changed"]:
        return f"{of} none."
    toward, away = whole["n_toward"], whole["n_away"]
    counts = (toward, away, whole["n_changed"] - toward - away)
    words = ("to the right one", "away from it", "from one wrong answer to another")
    if is_number:
        words = ("nearer the truth", "further from it", "as far from it as before")
    where = ", ".join(f"{count(n)} {word}" for n, word in zip(counts, words, strict=True) if n)
    return f"{of} {count(whole['n_changed'])}: {where}."


def _balance(whole: RevealGroup, least: int) -> str:
    net = whole["figures"]["net"]
    if net["value"] is None or net["low"] is None or net["high"] is None:
        changed = plural(whole["n_changed"], "changed answer", "changed answers")
        return f"Whether it helps cannot be told yet: {changed}, and it takes about {least}."
    verdict = "it helps" if net["low"] > 0 else "it harms" if net["high"] < 0 else "chance alone can explain that"
    balance = in_sentence(net, unit_of("accuracy_difference"))
    return f"The balance, changes toward the truth less those away from it, is {balance}: {verdict}."


def _reliance(whole: RevealGroup) -> list[str]:
    """Say how often the model was followed, wrongly and rightly."""
    where = {
        "followed": "Where the model was wrong and the first answer right, it was followed in {share} of {n}.",
        "helped": "Where the model was right and the first answer wrong, it was taken up in {share} of {n}.",
    }
    found = _reliance_of(whole)
    return [
        where[metric].format(share=in_sentence(figure, unit_of("accuracy")), n=plural(figure["n"], "answer", "answers"))
        for metric, figure in found.items()
        if figure["value"] is not None
    ]


def _reliance_of(whole: RevealGroup) -> Figures:
    """Return the figures that take a right and a wrong answer: a number without a tolerance is neither."""
    figures = {metric: figure for metric in ("followed", "helped") if (figure := whole["figures"].get(metric))}
    return {metric: figure for metric, figure in figures.items() if figure["code"] != "unsupported_task"}


def _left_out(found: RevealsSection) -> list[str]:
    if not found["partial"]:
        return []
    answers = plural(found["partial"], "answer", "answers")
    return [f"For {answers}, contributions of sensitive features were left out."]
