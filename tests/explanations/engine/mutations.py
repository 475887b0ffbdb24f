"""Model files damaged by chance, from a seed: bytes, and what each format is made of."""

import io
import json
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

Mutation = Callable[[bytes, Random], bytes]

# Numbers that are at or beyond the edge of something.
EDGES: tuple[Any, ...] = (
    -1,
    0,
    1,
    2,
    -2,
    255,
    65_536,
    2**31 - 1,
    2**31,
    -(2**31),
    2**32,
    2**63,
    1e300,
    -1e300,
    0.5,
    1e-300,
)
WORDS: tuple[Any, ...] = ("", "0", "-1", "99999999999", "nan", "[0E0]", None, True, [], {}, "\u0000", "x" * 5_000)
DEEP = 20_000


def mutate(library: str, content: bytes, rng: Random) -> bytes:
    """Damage a file in one to three ways."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        ways = BYTES if rng.random() < 0.3 else STRUCTURE[library]
        try:
            content = rng.choice(ways)(content, rng)
        except Exception:  # noqa: BLE001  # damaged before, so that it has no structure any more
            content = rng.choice(BYTES)(content, rng)
    return content


def _flip(content: bytes, rng: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(content: bytes, rng: Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _leave_out(content: bytes, rng: Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    return content[:start] + content[start + rng.randrange(1, 200) :]


def _repeat(content: bytes, rng: Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    end = start + rng.randrange(1, 200)
    return content[:end] + content[start:end] * rng.choice((1, 1, 50)) + content[end:]


def _overwrite(content: bytes, rng: Random) -> bytes:
    start, length = rng.randrange(len(content) + 1), rng.randrange(1, 16)
    return (
        content[:start]
        + rng.choice((rng.randbytes(length), b"\xff" * length, b"\0" * length))
        + content[start + length :]
    )


BYTES: tuple[Mutation, ...] = (_flip, _flip, _cut, _leave_out, _repeat, _overwrite)


def _edit_json(content: bytes, rng: Random) -> bytes:
    """Change one value, key or list somewhere in a document."""
    document = json.loads(content)
    holder, key = _place(document, rng)
    old = holder[key]
    if isinstance(old, list) and rng.random() < 0.5:
        holder[key] = rng.choice((old[:-1], old + old[-1:], old * 50, old[::-1], []))
    elif isinstance(old, int | float) and not isinstance(old, bool) and rng.random() < 0.8:
        holder[key] = rng.choice((*EDGES, old + 1, old - 1, -old, old * (1 + 1e-3)))
    elif isinstance(old, str) and old.lstrip("-").isdigit():
        holder[key] = str(rng.choice((*EDGES, int(old) + 1, int(old) - 1)))
    elif isinstance(holder, dict) and rng.random() < 0.3:
        del holder[key]
    else:
        holder[key] = rng.choice((*EDGES, *WORDS))
    return json.dumps(document, separators=(",", ":")).encode()


def _place(document: Any, rng: Random) -> tuple[Any, Any]:
    """Walk down from the top to some value, and return what holds it, and under which key."""
    holder, key = document, rng.choice(list(document))
    while isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.95:
        holder = holder[key]
        key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
    return holder, key


def _edit_trees(content: bytes, rng: Random) -> bytes:
    """Change the children, splits or leaves of a tree of XGBoost."""
    document = json.loads(content)
    tree = rng.choice(document["learner"]["gradient_booster"]["model"]["trees"])
    name = rng.choice([name for name, value in tree.items() if isinstance(value, list) and value])
    place = rng.randrange(len(tree[name]))
    nodes = len(tree["left_children"])
    if name in ("split_conditions", "base_weights") or rng.random() < 0.3:
        for name in ("split_conditions", "base_weights"):
            tree[name][place % nodes] += rng.choice((1e-7, 1e-4, -0.01, 1.0, -50.0, 1e30))
        return json.dumps(document, separators=(",", ":")).encode()
    tree[name][place] = rng.choice((rng.randrange(nodes), nodes, place, 0, -1, -2, 2**31 - 1, tree[name][place] + 0.25))
    return json.dumps(document, separators=(",", ":")).encode()


def _swap_trees(content: bytes, rng: Random) -> bytes:
    document = json.loads(content)
    trees = document["learner"]["gradient_booster"]["model"]["trees"]
    one, other = rng.randrange(len(trees)), rng.randrange(len(trees))
    name = rng.choice(list(trees[one]))
    trees[one][name], trees[other][name] = trees[other][name], trees[one][name]
    return json.dumps(document, separators=(",", ":")).encode()


def _nest(content: bytes, rng: Random) -> bytes:
    place = rng.choice([at for at, byte in enumerate(content) if byte in b"[{,"] or [0])
    depth = rng.choice((10, 200, DEEP))
    return content[: place + 1] + b"[" * depth + b"]" * rng.choice((depth, 0)) + content[place + 1 :]


def _edit_lines(content: bytes, rng: Random) -> bytes:
    """Change a number in a line of LightGBM's, or leave the line out, or have it twice."""
    lines = content.split(b"\n")
    # What comes after the trees are settings that nothing reads.
    place = rng.randrange(lines.index(b"end of trees"))
    name, _, values = lines[place].partition(b"=")
    numbers = values.split(b" ")
    action = rng.random()
    if action < 0.7:
        at = rng.randrange(len(numbers))
        numbers[at] = str(rng.choice((*EDGES, rng.randrange(10), -rng.randrange(10)))).encode()
        lines[place] = name + b"=" + b" ".join(numbers)
    elif action < 0.8:
        lines[place] = name + b"=" + b" ".join(rng.choice((numbers[:-1], numbers * 50, [])))
    else:
        lines[place : place + 1] = rng.choice(([], [lines[place]] * 2, [rng.choice(lines)]))
    return b"\n".join(lines)


def _edit_lines_of_right_size(content: bytes, rng: Random) -> bytes:
    """Change a number, and keep the sizes of the trees right, so that it gets further."""
    start, end = content.index(b"Tree=0\n"), content.index(b"end of trees")
    trees = [b"Tree=" + each for each in content[start:end].split(b"Tree=")[1:]]
    at = rng.randrange(len(trees))
    lines = trees[at].split(b"\n")
    place = rng.choice([place for place, line in enumerate(lines) if b"=" in line])
    name, _, values = lines[place].partition(b"=")
    numbers = values.split(b" ")
    numbers[rng.randrange(len(numbers))] = str(rng.choice((*EDGES, rng.randrange(8), ~rng.randrange(8)))).encode()
    lines[place] = name + b"=" + b" ".join(numbers)
    trees[at] = b"\n".join(lines)
    head = content[:start].split(b"tree_sizes=")[0]
    sizes = b" ".join(str(len(each)).encode() for each in trees)
    return head + b"tree_sizes=" + sizes + b"\n\n" + b"".join(trees) + content[end:]


def _edit_onnx(content: bytes, rng: Random) -> bytes:
    """Change an attribute, a tensor, a shape or the name of something in a graph."""
    import onnx

    model = onnx.load_model_from_string(content)
    node = rng.choice(model.graph.node)
    kind = rng.random()
    if kind < 0.6 and node.attribute:
        _edit_attribute(rng.choice(node.attribute), rng)
    elif kind < 0.7 and model.graph.initializer:
        tensor = rng.choice(model.graph.initializer)
        tensor.dims[:] = [rng.choice((-1, 0, 1, 2**40, 7)) for _ in tensor.dims]
    elif kind < 0.8:
        node.op_type = rng.choice(("Loop", "If", "Scan", "ConstantOfShape", "Cast", "Identity", "Nothing"))
    elif kind < 0.9:
        names = node.input if rng.random() < 0.5 else node.output
        names[rng.randrange(len(names))] = rng.choice(("", "x", node.output[0], model.graph.input[0].name))
    else:
        shape = rng.choice(model.graph.input).type.tensor_type.shape
        shape.dim[rng.randrange(len(shape.dim))].dim_value = rng.choice((0, 1, 4, 2**40))
    return bytes(model.SerializeToString())


def _edit_attribute(attribute: Any, rng: Random) -> None:
    for values in (attribute.ints, attribute.floats):
        if values:
            at = rng.randrange(len(values))
            is_whole = values is attribute.ints
            values[at] = (
                rng.choice((-1, 0, 1, len(values), 2**31, 2**62)) if is_whole else rng.choice((1e30, -1.0, 0.5))
            )
            if rng.random() < 0.2:
                del values[at]
            return
    if attribute.strings:
        attribute.strings[rng.randrange(len(attribute.strings))] = rng.choice((b"LEAF", b"BRANCH_LEQ", b"", b"x"))
    elif attribute.HasField("t"):
        attribute.t.dims[:] = [rng.choice((0, 2**40, 3))]
    else:
        attribute.i = rng.choice((-1, 0, 10**9, 2**40))


def _edit_schema(content: bytes, rng: Random) -> bytes:
    """Change a value of the document in a skops file."""
    return _with_entry(content, "schema.json", lambda entry: _edit_json(entry, rng))


def _edit_array(content: bytes, rng: Random) -> bytes:
    """Change numbers of an array in a skops file, or its shape, or what it says about itself."""
    names = [name for name in zipfile.ZipFile(io.BytesIO(content)).namelist() if name.endswith(".npy")]
    return _with_entry(content, rng.choice(names), lambda entry: _changed_array(entry, rng))


def _changed_array(entry: bytes, rng: Random) -> bytes:
    if rng.random() < 0.3:
        return _flip(entry, rng)
    array = np.load(io.BytesIO(entry), allow_pickle=False)
    if array.dtype.names and rng.random() < 0.8:
        name = rng.choice(array.dtype.names)
        column = array[name]
        with np.errstate(all="ignore"):
            column[rng.randrange(len(column))] = np.array(rng.choice((0, 1, 2, len(column), 10**6, -1))).astype(
                column.dtype
            )
    elif rng.random() < 0.3:
        array = array[: max(1, len(array) // 2)] if array.ndim else np.zeros(3)
    else:
        with np.errstate(all="ignore"):
            array.reshape(-1)[rng.randrange(array.size)] = np.array(rng.choice((0, 1, -1, 10**6))).astype(array.dtype)
    made = io.BytesIO()
    np.save(made, array, allow_pickle=False)
    return made.getvalue()


def _mix_entries(content: bytes, rng: Random) -> bytes:
    """Put one array of a skops file in the place of another."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        other = archive.read(rng.choice(names))
    return _with_entry(content, rng.choice(names), lambda _: other)


def _with_entry(content: bytes, changed: str, change: Callable[[bytes], bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == changed else old.read(name))
    return made.getvalue()


STRUCTURE: dict[str, tuple[Mutation, ...]] = {
    "xgboost": (_edit_trees, _edit_trees, _edit_json, _swap_trees, _nest),
    "lightgbm": (_edit_lines, _edit_lines_of_right_size, _edit_lines_of_right_size),
    "onnx": (_edit_onnx,),
    "skops": (_edit_schema, _edit_array, _edit_array, _mix_entries),
}
