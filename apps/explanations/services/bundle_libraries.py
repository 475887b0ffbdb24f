"""The parts of a debug bundle's program that depend on the library: how it loads, predicts and explains."""

from textwrap import dedent

from apps.explanations.engine.spec import Format, Input, Method, Space, Spec

FILES = {
    Format.XGBOOST: "model.json",
    Format.LIGHTGBM: "model.txt",
    Format.ONNX: "model.onnx",
    Format.SKOPS: "model.skops",
}
PACKAGES: dict[Format, tuple[str, ...]] = {
    Format.XGBOOST: ("xgboost-cpu",),
    Format.LIGHTGBM: ("lightgbm",),
    Format.ONNX: ("onnxruntime",),
    Format.SKOPS: ("skops", "scikit-learn", "pandas"),
}
# Files that name their classes: theirs, if they are the model's.
_OWN_CLASSES = "{own} if set({own}) == set({known}) else {known}"
CLASSES = {
    Format.ONNX: _OWN_CLASSES.replace("{own}", "FILE_CLASSES"),
    Format.SKOPS: _OWN_CLASSES.replace("{own}", "FILE_CLASSES"),
}

_XGBOOST = """\
    import xgboost

    BOOSTER = xgboost.Booster(params={{"nthread": 1}})
    BOOSTER.load_model(FILE)
    BOOSTER.set_param({{"nthread": 1, "device": "cpu"}})
    TYPES = BOOSTER.feature_types or {types}
    OBJECTIVE = json.loads(BOOSTER.save_config())["learner"]["objective"]["name"]


    def predict(cells, **what):
        types = TYPES if "c" in TYPES else None
        rows = xgboost.DMatrix(cells.astype(np.float32), feature_types=types, enable_categorical=True, nthread=1)
        found = BOOSTER.predict(rows, iteration_range=(0, {rounds}), validate_features=False, **what)
        return np.asarray(found, dtype=np.float64)


    def margin(cells):
        return predict(cells, output_margin=True).reshape(len(cells), -1)


    """

# Some objectives predict margins or labels.
_XGBOOST_BINARY = """\
    def outputs(cells):
        if OBJECTIVE in ("binary:logitraw", "binary:hinge"):
            return 1 / (1 + np.exp(-margin(cells)))
        return predict(cells).reshape(len(cells), -1)
    """

_XGBOOST_MULTICLASS = """\
    def outputs(cells):
        return softmax(margin(cells)) if OBJECTIVE == "multi:softmax" else predict(cells)
    """

_LIGHTGBM = """\
    import lightgbm

    BOOSTER = lightgbm.Booster(model_str=FILE.read_text("utf-8"))


    def predict(cells, **what):
        found = BOOSTER.predict(cells, num_iteration={rounds}, num_threads=1, **what)
        return np.asarray(found, dtype=np.float64).reshape(len(cells), -1)


    def margin(cells):
        return predict(cells, raw_score=True)


    """

_ONNX = """\
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    OPTIONS = onnxruntime.SessionOptions()
    OPTIONS.intra_op_num_threads = OPTIONS.inter_op_num_threads = 1
    SESSION = onnxruntime.InferenceSession(FILE.read_bytes(), OPTIONS, providers=["CPUExecutionProvider"])
    INPUTS = SESSION.get_inputs()
    OUTPUT = {output} or SESSION.get_outputs()[-1].name
    NAMES_HERE = {names}
    KINDS = {{"float": np.float32, "double": np.float64, "int64": np.int64, "int32": np.int32, "bool": np.bool_}}


    def typed(cells, each):
        kind = KINDS.get(each.type.removeprefix("tensor(").removesuffix(")"))
        if kind is None:  # texts; a missing one is empty
            cells = np.array([["" if value != value else str(value) for value in row] for row in cells], dtype=object)
        else:
            cells = cells.astype(kind)
        return cells[:, 0] if len(each.shape) == 1 else cells


    def run(cells):
        if len(INPUTS) == 1:
            feed = {{INPUTS[0].name: typed(cells, INPUTS[0])}}
        else:
            by_name = {{each.name for each in INPUTS}} == set(NAMES_HERE)
            order = [NAMES_HERE.index(each.name) if by_name else at for at, each in enumerate(INPUTS)]
            feed = {{each.name: typed(cells[:, [at]], each) for at, each in zip(order, INPUTS)}}
        return SESSION.run([OUTPUT], feed)[0]


    def outputs(cells):
        shape = INPUTS[0].shape
        one_by_one = bool(shape) and shape[0] == 1 and len(cells) > 1
        found = [run(cells[[at]]) for at in range(len(cells))] if one_by_one else [run(cells)]
        # One {{class: probability}} for each row, or an array.
        rows = [list(each.values()) if isinstance(each, dict) else each for part in found for each in part]
        return np.asarray(rows, dtype=np.float64).reshape(len(cells), -1)


    FIRST = run(encode(CASE[CASE["input"]]))
    FILE_CLASSES = [str(name) for name in FIRST[0]] if isinstance(FIRST, list) else []
    """

_SKOPS = """\
    import pandas as pd
    import skops.io

    # Beyond what skops trusts: trees, and how gradient boosting keeps a list of its categories.
    TRUSTED = [
        "sklearn.tree._tree.Tree",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "functools.partial",
        "sklearn.utils.validation.check_array",
    ]
    MODEL = skops.io.load(FILE, trusted=TRUSTED)
    FILE_CLASSES = [str(name) for name in getattr(MODEL, "classes_", [])]
    COLUMNS = [str(name) for name in getattr(MODEL, "feature_names_in_", [])]
    KINDS = {kinds}


    def rows_of(cells):
        if not COLUMNS:
            return cells
        columns = {{name: cells[:, at].astype(kind) for at, (name, kind) in enumerate(zip(COLUMNS, KINDS))}}
        return pd.DataFrame(columns, columns=COLUMNS)


    """

_SKOPS_BINARY = """\
    def margin(cells):
        return np.asarray(MODEL.decision_function(rows_of(cells)), dtype=np.float64).reshape(len(cells), -1)


    def outputs(cells):
        if hasattr(MODEL, "predict_proba"):
            return MODEL.predict_proba(rows_of(cells))
        return 1 / (1 + np.exp(-margin(cells)))
    """

_SKOPS_MULTICLASS = _SKOPS_BINARY.replace("1 / (1 + np.exp(-margin(cells)))", "softmax(margin(cells))")

_SKOPS_NUMBER = """\
    def outputs(cells):
        return np.asarray(MODEL.predict(rows_of(cells)), dtype=np.float64).reshape(len(cells), -1)


    def margin(cells):
        return np.log(outputs(cells))  # of losses with a logarithm
    """

_SOFTMAX = """\
    def softmax(margins):
        powers = np.exp(margins - margins.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)


    """
_BY_MARGIN = """\
    def outputs(cells):
        return margin(cells)
    """
_BY_PREDICTION = """\
    def outputs(cells):
        return predict(cells).reshape(len(cells), -1)
    """
_OUTPUTS = {
    (Format.XGBOOST, "binary"): _XGBOOST_BINARY,
    (Format.XGBOOST, "multiclass"): _XGBOOST_MULTICLASS,
    (Format.SKOPS, "binary"): _SKOPS_BINARY,
    (Format.SKOPS, "multiclass"): _SKOPS_MULTICLASS,
    (Format.SKOPS, "regression"): _SKOPS_NUMBER,
}
_LOADED = {Format.XGBOOST: _XGBOOST, Format.LIGHTGBM: _LIGHTGBM, Format.ONNX: _ONNX, Format.SKOPS: _SKOPS}


def loading(kind: Format, spec: Spec, *, is_margin: bool) -> str:
    """Write how the file is loaded, and `outputs`: rows × outputs, as margins or else as the library predicts."""
    names = [each.name for each in spec.features]
    code = dedent(_LOADED[kind]).format(
        types=["c" if each.is_categorical else "float" for each in spec.features],
        rounds=spec.output.rounds or (-1 if kind == Format.LIGHTGBM else 0),
        output=repr(spec.output.name),
        names=names,
        kinds="[" + ", ".join("object" if _is_text(each) else repr(each.dtype) for each in spec.features) + "]",
    )
    if spec.task == "multiclass":
        code += dedent(_SOFTMAX)
    own = _OUTPUTS.get((kind, spec.task), _BY_PREDICTION)
    if kind == Format.SKOPS and is_margin:
        return code + dedent(own).partition("\n\n\n")[0] + "\n\n\n" + dedent(_BY_MARGIN)
    if kind == Format.ONNX:
        return code.rstrip() + "\n"
    return code + dedent(_BY_MARGIN if is_margin else own)


def _is_text(feature: Input) -> bool:
    return feature.dtype == "string" and not feature.categories


_BOOSTER_PARTS = {
    Format.XGBOOST: """\
        found = predict(cells, pred_contribs=True).reshape(-1, cells.shape[1] + 1)
        """,
    Format.LIGHTGBM: """\
        found = predict(cells, pred_contrib=True).reshape(-1, cells.shape[1] + 1)
        """,
}
_SPLIT = """\
    values, base = found[:, :-1].T, found[:, -1]
    """
_SHAP = """\
    import shap

    explainer = shap.TreeExplainer({model}{options})
    found = explainer.shap_values(cells, check_additivity=False)
    values = np.asarray(found, dtype=np.float64)[0].reshape(cells.shape[1], -1)
    base = np.broadcast_to(np.asarray(explainer.expected_value, dtype=np.float64), values.shape[1:])
    """
_AGAINST = """, data=usual, feature_perturbation="interventional", model_output={scale}"""
_SCALE = """"probability" if hasattr(MODEL, "decision_function") else "raw\""""
_USUAL = """\
    usual = np.vstack([encode(each) for each in CASE["spec"]["background"]])
    """
_LINEAR = """\
    weights = np.atleast_2d(np.asarray(MODEL.coef_, dtype=np.float64))
    values = (cells[0] - usual.mean(axis=0))[:, None] * weights.T
    base = usual.mean(axis=0) @ weights.T + np.asarray(MODEL.intercept_, dtype=np.float64)
    """


def parts(kind: Format, method: str, *, space: str, task: str) -> str:
    """Write how the contributions of `cells` come about: `values`, features × outputs, `base`, and the `output`."""
    is_margin = space == Space.MARGIN
    # shap gives the second class of two only.
    end = f"output = {'margin' if is_margin else 'outputs'}(cells)[0, -values.shape[1] :]\n"
    model = "MODEL" if kind == Format.SKOPS else "BOOSTER"
    if method == Method.TREE_INTERVENTIONAL:
        is_probability = task == "binary" and not is_margin
        # Forests add up to probabilities as they are.
        scale = _SCALE if kind == Format.SKOPS else '"probability"'
        options = _AGAINST.format(scale=scale if is_probability else '"raw"')
        return dedent(_USUAL) + dedent(_SHAP).format(model=model, options=options) + end
    if kind in _BOOSTER_PARTS:
        return dedent(_BOOSTER_PARTS[kind]) + dedent(_SPLIT) + end
    if method == Method.LINEAR:
        return dedent(_USUAL) + dedent(_LINEAR) + end
    return dedent(_SHAP).format(model=model, options="") + end
