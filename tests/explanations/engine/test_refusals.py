"""Files that are not loaded, each with its reason."""

import bz2
import gzip
import io
import json
import pickle
import zipfile
import zlib
from typing import Any

import msgspec
import numpy as np
import pytest

from apps.explanations.engine.running import Children, ModelRefused
from apps.explanations.engine.spec import Input, Spec
from tests.explanations.engine import trained
from tests.explanations.engine.conftest import Load
from tests.explanations.engine.trained import NAMES, Trained, edited

FORMATS = ["xgboost", "lightgbm", "onnx", "skops"]


def refusal(load: Load, library: str, content: bytes, spec: Spec | None = None) -> ModelRefused:
    described = spec or trained.spec(trained.BINARY)
    with pytest.raises(ModelRefused) as found:
        load(library, content, described)
    return found.value


def archive(**entries: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, entry in entries.items():
            made.writestr(name.replace("__", "/").replace("_json", ".json").replace("_pkl", ".pkl"), entry)
    return content.getvalue()


@pytest.mark.parametrize("library", FORMATS)
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (pickle.dumps({"a": 1}), "pickle"),
        (pickle.dumps({"a": 1}, protocol=2), "pickle"),
        (gzip.compress(b"model", mtime=0), "compressed"),
        (bz2.compress(b"model"), "compressed"),
        (zlib.compress(b"model"), "compressed"),
        (b"\x89HDF\r\n\x1a\n" + b"0" * 50, "hdf5"),
        (archive(archive__data_pkl=b"\x80\x02."), {"skops": "torch"}.get("", "torch or zip")),
        (b"\0" * 100, "malformed"),
        ("Modell".encode("utf-16"), "malformed"),
    ],
)
def test_files_of_other_formats_are_named(load: Load, library: str, content: bytes, code: str) -> None:
    found = refusal(load, library, content)
    expected = code.split(" or ")[0 if library == "skops" else -1]
    assert found.code == expected
    assert found.message.endswith((".", "…"))


def test_ubj_is_refused_whatever_it_holds(load: Load) -> None:
    model = trained.xgboost("binary")
    found = refusal(load, "xgboost", bytes(model.model.save_raw("ubj")), model.spec)
    assert (found.code, "UBJ" in found.message) == ("ubj", True)


def test_json_may_have_spaces_and_lines(load: Load) -> None:
    model = trained.xgboost("binary")
    pretty = json.dumps(json.loads(model.content), indent=2).encode()
    child = load("xgboost", pretty, model.spec)
    assert child.score(model.rows[:3]) == load("xgboost", model.content, model.spec).score(model.rows[:3])


def test_json_that_is_nested_too_deeply_is_refused(load: Load) -> None:
    assert refusal(load, "xgboost", b'{"learner":' * 100_000).code in ("too_deep", "malformed")
    assert refusal(load, "xgboost", b'{"version":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}").code == "too_deep"


@pytest.mark.parametrize(
    ("what", "value", "code"),
    [
        ("left_children", 99, "malformed"),
        ("left_children", 0, "malformed"),
        ("left_children", -2, "malformed"),
        ("left_children", 10**12, "malformed"),
        ("right_children", 1, "malformed"),
        ("parents", 3, "malformed"),
        ("split_indices", 5, "malformed"),
        ("split_indices", -1, "malformed"),
        ("split_indices", 1.5, "malformed"),
    ],
)
def test_trees_of_xgboost_that_are_none_are_refused(load: Load, what: str, value: float, code: str) -> None:
    model = trained.xgboost("binary")

    def edit(document: Any) -> None:
        tree = document["learner"]["gradient_booster"]["model"]["trees"][0]
        tree[what][1 if what == "parents" else 0] = value

    assert refusal(load, "xgboost", edited(model.content, edit), model.spec).code == code


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("model.tree_info", [5] * 12),
        ("model.iteration_indptr", [0, 99]),
        ("model.trees.0.tree_param.num_nodes", "100"),
        ("model.trees.0.split_conditions", []),
        ("name", "gbforest"),
    ],
)
def test_counts_of_xgboost_that_do_not_fit_are_refused(load: Load, path: str, value: Any) -> None:
    model = trained.xgboost("binary")

    def edit(document: Any) -> None:
        *inside, last = path.split(".")
        place = document["learner"]["gradient_booster"]
        for name in inside:
            place = place[int(name)] if name.isdigit() else place[name]
        place[last] = value

    assert refusal(load, "xgboost", edited(model.content, edit), model.spec).code == "malformed"


def test_categories_of_xgboost_out_of_range_are_refused(load: Load) -> None:
    model = trained.xgboost("categorical")

    def edit(document: Any) -> None:
        for tree in document["learner"]["gradient_booster"]["model"]["trees"]:
            tree["categories"] = [2**31 - 1] * len(tree["categories"])

    assert refusal(load, "xgboost", edited(model.content, edit), model.spec).code == "malformed"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"split_feature=", b"split_feature=9"),
        (b"left_child=", b"left_child=1000"),
        (b"left_child=", b"left_child=-9"),
        (b"num_leaves=", b"num_leaves=1"),
        (b"leaf_value=", b"leaf_value=x"),
        (b"Tree=1", b"Tree=3"),
        (b"max_feature_idx=4", b"max_feature_idx=3"),
        (b"num_class=1", b"num_class=9"),
        (b"tree_sizes=", b"tree_sizes=1"),
        (b"end of trees", b"end of tree"),
        (b"decision_type=", b"decision_type=1"),
    ],
)
def test_texts_of_lightgbm_that_do_not_fit_are_refused(load: Load, before: bytes, after: bytes) -> None:
    model = trained.lightgbm("binary")
    # The sizes of the trees stay as they are where a digit takes the place of another character.
    content = model.content.replace(before, after, 1)
    assert refusal(load, "lightgbm", content, model.spec).code == "malformed"


def test_a_cycle_in_a_tree_of_lightgbm_is_refused(load: Load) -> None:
    """Node 1 becomes its own child; LightGBM would follow it for ever."""
    model = trained.lightgbm("binary")
    line = next(each for each in model.content.split(b"\n") if each.startswith(b"left_child="))
    nodes = line.removeprefix(b"left_child=").split()
    place = next(place for place, node in enumerate(nodes) if place and len(node) == len(str(place)))
    nodes[place] = str(place).encode()
    content = model.content.replace(line, b"left_child=" + b" ".join(nodes), 1)
    assert "two parents" in refusal(load, "lightgbm", content, model.spec).message


@pytest.mark.slow
def test_archives_that_unpack_to_too_much_are_refused(load: Load) -> None:
    bomb = archive(schema_json=b"{}", zeros=b"\0" * (300 << 20))
    assert len(bomb) < 1 << 20
    assert refusal(load, "skops", bomb).code == "too_large"


def test_types_beyond_the_allow_list_are_refused(load: Load) -> None:
    import skops.io
    from sklearn.neighbors import KNeighborsClassifier

    matrix = trained.numbers()
    neighbors = KNeighborsClassifier().fit(matrix, trained.truth("binary", matrix))
    found = refusal(load, "skops", skops.io.dumps(neighbors))
    assert (found.code, "KDTree" in found.message) == ("forbidden_types", True)


def test_a_function_of_the_system_is_refused(load: Load) -> None:
    model = trained.skops("pipeline")
    content = archive_with_schema(
        model.content,
        lambda text: text.replace("StandardScaler", "system").replace("sklearn.preprocessing._data", "os"),
    )
    assert refusal(load, "skops", content).code == "forbidden_types"


def test_a_skops_file_without_a_model_is_refused(load: Load) -> None:
    import skops.io
    from sklearn.preprocessing import StandardScaler

    assert refusal(load, "skops", skops.io.dumps(StandardScaler())).code == "no_model"
    assert refusal(load, "skops", skops.io.dumps({"a": 1})).code == "no_model"
    assert refusal(load, "skops", archive(other_json=b"{}")).code == "malformed"
    assert refusal(load, "skops", b"text").code == "malformed"


@pytest.mark.parametrize("kind", ["RF", "HGB"])
def test_trees_of_sklearn_that_are_none_are_refused(load: Load, kind: str) -> None:
    """A cycle: scikit-learn would follow it for ever."""
    model = trained.skops(kind)
    found = refusal(load, "skops", with_cycle(model), model.spec)
    assert (found.code, "two parents" in found.message) == ("malformed", True)


def test_numbers_in_another_file_are_refused(load: Load) -> None:
    import onnx

    weights = onnx.numpy_helper.from_array(np.ones((5, 1), dtype=np.float32), "w")
    made = graph_of(onnx.helper.make_node("MatMul", ["x", "w"], ["y"]), weights)
    assert load("onnx", made.SerializeToString(), trained.spec(trained.BINARY)).loaded.library.startswith("onnxruntime")
    onnx.external_data_helper.set_external_data(made.graph.initializer[0], "../../etc/passwd")
    made.graph.initializer[0].ClearField("raw_data")
    found = refusal(load, "onnx", made.SerializeToString())
    assert (found.code, "another file" in found.message) == ("external_data", True)


@pytest.mark.parametrize(("domain", "operator"), [("my.company", "Score"), ("", "NoSuchOperator")])
def test_operators_that_do_not_exist_are_refused(load: Load, domain: str, operator: str) -> None:
    import onnx

    made = graph_of(onnx.helper.make_node(operator, ["x"], ["y"], domain=domain))
    assert refusal(load, "onnx", made.SerializeToString()).code == "custom_ops"


def graph_of(node: Any, *initializers: Any) -> Any:
    """Make a graph of one node from x to y."""
    from onnx import TensorProto, helper

    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 5])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])]
    opsets = [helper.make_opsetid("", 15), *([helper.make_opsetid(node.domain, 1)] if node.domain else [])]
    graph = helper.make_graph([node], "g", inputs, outputs, list(initializers))
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def test_an_output_that_the_graph_does_not_have_is_refused(load: Load) -> None:
    model = trained.onnx("binary")
    found = refusal(load, "onnx", model.content, trained.with_output(model, name="scores"))
    assert (found.code, "probabilities" in found.message) == ("bad_spec", True)


@pytest.mark.parametrize("library", FORMATS)
def test_another_number_of_features_is_refused(load: Load, library: str) -> None:
    model: Trained = getattr(trained, library)("RF" if library == "skops" else "binary")
    short = msgspec.structs.replace(model.spec, features=model.spec.features[:3])
    found = refusal(load, library, model.content, short)
    assert (found.code, found.message) == ("wrong_features", "The file has 5 features, the description 3.")


def test_features_in_another_order_are_refused(load: Load) -> None:
    import lightgbm

    matrix = trained.numbers()
    data = lightgbm.Dataset(matrix, trained.truth("binary", matrix), feature_name=NAMES)
    text = lightgbm.train({"verbose": -1, "objective": "binary"}, data, 2).model_to_string().encode()
    assert load("lightgbm", text, trained.spec(trained.BINARY)).loaded.method == "tree"
    swapped = Spec(features=[Input(name) for name in NAMES[::-1]], **trained.BINARY)
    found = refusal(load, "lightgbm", text, swapped)
    assert (found.code, "number 1 is f0, not f4" in found.message) == ("wrong_features", True)


@pytest.mark.parametrize(
    ("library", "kind"),
    [("xgboost", "multiclass"), ("lightgbm", "multiclass"), ("skops", "RF multiclass"), ("onnx", "multiclass")],
)
def test_more_classes_than_the_model_declares_are_refused(load: Load, library: str, kind: str) -> None:
    model: Trained = getattr(trained, library)(kind)
    found = refusal(load, library, model.content, msgspec.structs.replace(model.spec, **trained.BINARY))
    assert (found.code, "3 outputs" in found.message) == ("wrong_outputs", True)


@pytest.mark.parametrize(
    ("kind", "method", "code"),
    [
        ("binary", "linear", "wrong_method"),
        ("binary", "kernel", "bad_spec"),
        ("binary", "permutation", "wrong_method"),
        ("gblinear", "tree", "wrong_method"),
    ],
)
def test_methods_that_do_not_suit_are_refused(load: Load, kind: str, method: str, code: str) -> None:
    model = trained.xgboost(kind)
    assert refusal(load, "xgboost", model.content, msgspec.structs.replace(model.spec, method=method)).code == code


@pytest.mark.slow
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_categories_have_no_interventional_contributions(load: Load, library: str) -> None:
    model: Trained = getattr(trained, library)("categorical")
    background = trained.background(model.matrix)
    asked = msgspec.structs.replace(model.spec, method="tree_interventional", background=background)
    found = refusal(load, library, model.content, asked)
    assert (found.code, "without splits by categories" in found.message) == ("wrong_method", True)
    without = msgspec.structs.replace(asked, background=[])
    assert "needs background rows" in refusal(load, library, model.content, without).message


def test_a_background_row_that_cannot_be_encoded_is_named(load: Load) -> None:
    model = trained.xgboost("binary")
    asked = msgspec.structs.replace(model.spec, background=[model.rows[0], {"f0": "text"}])
    found = refusal(load, "xgboost", model.content, asked)
    assert (found.code, found.message) == ("bad_background", "Background row 2: f0: a text where a number belongs.")


@pytest.mark.parametrize(
    "output", [{"kind": "odds"}, {"kind": "value"}, {"slope": 2.0, "kind": "probability"}, {"classes": ["yes"]}]
)
def test_outputs_that_cannot_be_read_are_refused(load: Load, output: dict[str, Any]) -> None:
    model = trained.skops("RF")
    assert refusal(load, "skops", model.content, trained.with_output(model, **output)).code in (
        "bad_spec",
        "wrong_classes",
    )


@pytest.mark.slow
def test_a_refused_file_leaves_no_child_behind(children: Children) -> None:
    with pytest.raises(ModelRefused):
        children.get("bad", "onnx", trained.spec(trained.BINARY), lambda: [b"no model"])
    assert "bad" not in children._children


def archive_with_schema(content: bytes, change: Any) -> bytes:
    """Return a skops file whose schema has been changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            entry = old.read(name)
            new.writestr(name, change(entry.decode()).encode() if name == "schema.json" else entry)
    return made.getvalue()


def with_cycle(model: Trained) -> bytes:
    """Return the file with the root as its own descendant, in the arrays of nodes."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(model.content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            entry = old.read(name)
            if name.endswith(".npy"):
                nodes = np.load(io.BytesIO(entry), allow_pickle=False)
                side = next((each for each in ("left_child", "left") if each in (nodes.dtype.names or ())), None)
                if side is not None and len(nodes) > 1:
                    nodes[side][1] = 1
                    if "is_leaf" in nodes.dtype.names:
                        nodes["is_leaf"][1] = 0
                    changed = io.BytesIO()
                    np.save(changed, nodes)
                    entry = changed.getvalue()
            new.writestr(name, entry)
    return made.getvalue()
