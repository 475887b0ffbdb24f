"""The program of a debug bundle, in cells: what the engine does for one file and one row, written out without the rest.

Texts of users go into it as Python literals only, never into comments.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import dedent, indent

from apps.explanations.engine import permutation
from apps.explanations.engine.spec import Format, Input, Method, Space, Spec
from apps.explanations.services import bundle_libraries as libraries
from apps.explanations.services import explaining

Cell = tuple[str, str]


@dataclass(frozen=True)
class Written:
    """What the program is written for. `has_score` says whether a score was sent with the prediction."""

    format: Format
    spec: Spec
    method: str
    space: str
    has_score: bool

    @property
    def is_number(self) -> bool:
        return self.spec.task == "regression"

    @property
    def is_margin(self) -> bool:
        """Whether the score follows from the margin, and not from what the library itself calls the prediction."""
        output = self.spec.output
        return not self.is_number and (output.kind == Space.MARGIN or (output.slope, output.intercept) != (1.0, 0.0))

    @property
    def packages(self) -> tuple[str, ...]:
        names = libraries.PACKAGES[self.format]
        return (*names, "shap") if self.needs_shap else names

    @property
    def needs_shap(self) -> bool:
        by_paths = self.format == Format.SKOPS and self.method == Method.TREE
        return by_paths or self.method == Method.TREE_INTERVENTIONAL


def cells(written: Written) -> Iterator[Cell]:
    """Yield each cell: its title and its code."""
    file = libraries.FILES[written.format]
    yield "The case, and the model file that was registered", dedent(_CASE).format(file=file)
    yield "Encode the row as the file expects it", _encoding(written.spec)
    yield "Load the model", libraries.loading(written.format, written.spec, is_margin=written.is_margin)
    yield "Score it as it was scored", _answering(written) + _comparing(written)
    if written.method:
        yield "What each feature adds, the largest first", _explaining(written)
    else:
        yield "What each feature added, as it was sent, the largest first", dedent(_SENT)
    yield "Change a value here, and run this cell again", _playing(written)


_CASE = """\
    import hashlib
    import json
    import math
    from pathlib import Path

    import numpy as np

    FOLDER = Path(globals().get("__file__", "debug.py")).resolve().parent  # a notebook has no __file__
    FILE = FOLDER / "{file}"
    CASE = json.loads((FOLDER / "case.json").read_text("utf-8"))
    FINGERPRINT = hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert FINGERPRINT == CASE["artifact"]["sha256"], f"{{FILE.name}} is not the registered file: {{FINGERPRINT}}"
    print(f"{{CASE['id']}} of {{CASE['model']}}, version {{CASE['version']}}: {{FILE.name}} {{FINGERPRINT[:16]}}")
    """

_NUMBER = """\
    def number(value, missing=math.nan):
        return missing if value is None else float(value)


    """

_CODED = """\
    def text_of(value):
        \"\"\"Write a value as the text of a category: 37.0 is 37.\"\"\"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
            return str(int(value))
        return str(value)


    """

_CATEGORY = """\
    def category(value, codes, missing=math.nan, unknown=math.nan):
        return missing if value is None else codes.get(text_of(value), unknown)


    """

_TEXT = """\
    def text(value, missing=math.nan):
        return missing if value is None else text_of(value)


    """


def _encoding(spec: Spec) -> str:
    """Write the rules that these features need, and no others."""
    codes, texts = any(each.categories for each in spec.features), any(_is_text(each) for each in spec.features)
    numbers = any(not each.categories and not _is_text(each) for each in spec.features)
    needed = ((numbers, _NUMBER), (codes or texts, _CODED), (codes, _CATEGORY), (texts, _TEXT))
    rules = "".join(dedent(rule) for is_needed, rule in needed if is_needed)
    values = "".join(f"        {_encoded(each)},\n" for each in spec.features)
    kind = "object" if texts else "np.float64"
    return (
        f"{rules}def encode(row):\n"
        '    """Return one row of cells, in the order of the file."""\n'
        f"    cells = [\n{values}    ]\n"
        f"    return np.array([cells], dtype={kind})\n"
    )


def _is_text(feature: Input) -> bool:
    return feature.dtype == "string" and not feature.categories


def _encoded(feature: Input) -> str:
    """Write how one feature becomes a cell."""
    value = f"row.get({feature.name!r})"
    if _is_text(feature):
        missing = "" if feature.missing is None else f", missing={str(feature.missing)!r}"
        return f"text({value}{missing})"
    if feature.categories:
        codes = feature.categories
        codes = codes if isinstance(codes, dict) else {name: float(code) for code, name in enumerate(codes)}
        missing_code = codes.get(feature.missing) if isinstance(feature.missing, str) else feature.missing
        unknown = missing_code if feature.unknown is None else feature.unknown
        given = (("missing", missing_code), ("unknown", unknown))
        written = f"category({value}, {codes!r}{_arguments(given)})"
    else:
        written = f"number({value}{_arguments([('missing', feature.missing)])})"
    return f"np.float32({written})" if feature.dtype == "float32" else written


def _arguments(given: Iterable[tuple[str, float | str | None]]) -> str:
    return "".join(f", {name}={float(value)!r}" for name, value in given if value is not None)


_TWO = """\
    CLASSES = {classes}
    THRESHOLD = {threshold!r}


    """

_POSITIVE = """\
    def positive(outputs):
        \"\"\"Return the probability of the positive class: of one output, or of two.\"\"\"
        at = CLASSES.index({positive!r})
        if outputs.shape[-1] == 2:
            return outputs[..., at]
        return outputs[..., 0] if at else 1 - outputs[..., 0]


    """

_LOG_ODDS = """\
    def log_odds(outputs):
        \"\"\"Return the log-odds of the positive class: of one output, or of two.\"\"\"
        at = CLASSES.index({positive!r})
        if outputs.shape[-1] == 2:
            margins = outputs[..., at] - outputs[..., 1 - at]
        else:
            margins = outputs[..., 0] if at else -outputs[..., 0]
        return {slope!r} * margins + {intercept!r}


    """

_BINARY = """\
    def answer(row):
        \"\"\"Return the score of the positive class, and the class.\"\"\"
        score = {score}
        at = CLASSES.index({positive!r})
        return float(score), CLASSES[at if score >= THRESHOLD else 1 - at]


    """

_MULTICLASS = """\
    CLASSES = {classes}


    def answer(row):
        \"\"\"Return the largest probability, and its class.\"\"\"
        probabilities = {probabilities}
        at = int(probabilities.argmax())
        return float(probabilities[at]), CLASSES[at]


    """

_REGRESSION = """\
    def answer(row):
        \"\"\"Return the number, as the score and as the prediction.\"\"\"
        found = float(outputs(encode(row))[0, 0])
        return found, found


    """


def _answering(written: Written) -> str:
    """Write how the score and the class follow from the output."""
    spec = written.spec
    if written.is_number:
        return dedent(_REGRESSION)
    if spec.task == "multiclass":
        probabilities = "softmax(outputs(encode(row)))[0]" if written.is_margin else "outputs(encode(row))[0]"
        return dedent(_MULTICLASS).format(classes=_classes(written), probabilities=probabilities)
    output, positive = spec.output, spec.positive
    code = dedent(_TWO).format(classes=_classes(written), threshold=output.threshold)
    if not written.is_margin:
        code += dedent(_POSITIVE).format(positive=positive)
    if written.is_margin or written.space == Space.MARGIN:
        code += dedent(_LOG_ODDS).format(positive=positive, slope=output.slope, intercept=output.intercept)
    found = "outputs(encode(row))"
    score = f"1 / (1 + math.exp(-log_odds({found})[0]))" if written.is_margin else f"positive({found})[0]"
    return code + dedent(_BINARY).format(positive=positive, score=score)


def _classes(written: Written) -> str:
    """Write the classes in the order of the outputs, which some files know themselves."""
    spec = written.spec
    known = list(spec.output.classes or spec.classes)
    if spec.output.classes:
        return repr(known)
    if spec.task == "binary":
        known = [name for name in known if name != spec.positive] + [spec.positive]
    return libraries.CLASSES.get(written.format, "{known}").format(known=repr(known))


def _comparing(written: Written) -> str:
    """Write the assertions: the score within the tolerance, and the class."""
    digits = 6 if written.spec.allowed >= 1e-7 else 12
    lines = ["row = CASE[CASE['input']]", "computed, predicted = answer(row)", "tolerance = CASE['tolerance']"]
    if written.is_number:
        lines += ["stored = CASE['prediction']", "tolerance *= max(1.0, abs(stored))"]
    elif written.has_score:
        lines += ["stored = CASE['score']"]
    if written.is_number or written.has_score:
        said = f'f"computed {{computed:.{digits}f}}, stored {{stored:.{digits}f}}"'
        lines += [f"assert abs(computed - stored) <= tolerance, {said}"]
    if not written.is_number:
        same = "predicted == CASE['prediction']"
        if written.spec.task == "binary" and written.has_score:
            # A score at the threshold may fall to either side.
            same += " or abs(stored - THRESHOLD) <= tolerance"
        lines += [f"assert {same}, f\"computed {{predicted}}, stored {{CASE['prediction']}}\""]
    said = f"{{computed:.{digits}f}}"
    stored = f" = {{stored:.{digits}f}}" if written.is_number or written.has_score else ""
    return "\n".join([*lines, f'print(f"reproduced: {said}{stored}, {{predicted}}")', ""])


_EXPLAINING = """\
    def contributions(row):
        \"\"\"Return the base, what each feature adds to it, and the output at which they must arrive.\"\"\"
        cells = encode(row)
    {parts}
        {reader}
        # The reader may add a constant to every output: contributions must not contain it.
        return float(read(base)), read(values) - read(np.zeros_like(values)), float(read(output))


    """

_PERMUTING = """\
    def contributions(row):
        \"\"\"Let the row's values take the place of usual ones in random orders, each walked both ways.\"\"\"
        cells, usual = encode(row), np.vstack([encode(each) for each in CASE["spec"]["background"]])
        {reader}
        draw, size = np.random.default_rng({seed}), cells.shape[1]
        orders = [draw.permutation(size) for _ in range(({evaluations} - 2) // max(2 * (size - 1), 1))]
        orders = [each for order in orders for each in (order, order[::-1])] or [draw.permutation(size)]
        base, values = read(outputs(usual)).mean(), np.zeros(size)
        for order in orders:
            mixed, before = usual.copy(), base
            for at in order:
                mixed[:, at] = cells[0, at]
                now = read(outputs(mixed)).mean()
                values[at] += (now - before) / len(orders)
                before = now
        return float(base), values, float(read(outputs(cells))[0])


    """

_PRINTED = """\
    def show(row):
        base, values, output = contributions(row)
        missed = abs(base + values.sum() - output)
        assert missed <= 1e-5 * max(1.0, abs(output)), f"the contributions miss the output by {missed:g}"
        stored = CASE["contributions"] or {"method": "", "values": {}}
        print(f"{base:+.6f}  base")
        for at in np.argsort(-np.abs(values)):
            name = NAMES[at]
            beside = f"  ({stored['method']}: {stored['values'][name]:+.6f})" if name in stored["values"] else ""
            print(f"{values[at]:+.6f}  {name} = {row.get(name)!r}{beside}")
        print(f"{output:+.6f}  together")


    show(row)
    """

_SENT = """\
    SENT = CASE["contributions"] or {"base": None, "values": {}}
    for name in sorted(SENT["values"], key=lambda each: -abs(SENT["values"][each])):
        print(f"{SENT['values'][name]:+.6f}  {name} = {row.get(name)!r}")
    """


def _explaining(written: Written) -> str:
    """Write how contributions are computed and read, by the method with which they are computed here."""
    names = [each.name for each in written.spec.features]
    listed = "NAMES = [\n" + "".join(f"    {name!r},\n" for name in names) + "]\n\n\n"
    if written.method == Method.PERMUTATION:
        softened = "softmax(outputs)" if written.is_margin and written.spec.task == "multiclass" else "outputs"
        reader = _reader(written, given=softened, is_probability=written.is_margin)
        # The same orders as here give the same contributions.
        drawn = {"seed": explaining.SEED, "evaluations": permutation.MOST_EVALUATIONS}
        code = dedent(_PERMUTING).format(reader=reader, **drawn)
    else:
        parts = libraries.parts(written.format, written.method, space=written.space, task=written.spec.task)
        code = dedent(_EXPLAINING).format(parts=indent(parts, "    ").rstrip(), reader=_reader(written))
    return listed + code + dedent(_PRINTED)


def _reader(written: Written, *, given: str = "outputs", is_probability: bool = False) -> str:
    """Write the function that reads what is explained from the outputs: of a binary model, its positive class."""
    task = written.spec.task
    if task == "regression":
        return "read = lambda outputs: outputs[..., 0]"
    if task == "multiclass":
        # Kept from the row itself, also where others are scored.
        return f"chosen = CLASSES.index(answer(row)[1])\n    read = lambda outputs: {given}[..., chosen]"
    if is_probability:
        return "read = lambda outputs: 1 / (1 + np.exp(-log_odds(outputs)))"
    return f"read = {'log_odds' if written.space == Space.MARGIN or written.is_margin else 'positive'}"


def _playing(written: Written) -> str:
    name = written.spec.features[0].name
    code = (
        f"changed = {{**row, {name!r}: row.get({name!r})}}  # another value, of any feature\nprint(*answer(changed))\n"
    )
    return code + ("if changed != row:\n    show(changed)\n" if written.method else "")
