"""ONNX, run by onnxruntime. It brings no contributions of its own."""

from typing import Any

import numpy as np
import onnxruntime

from apps.explanations.engine.encoding import Cells
from apps.explanations.engine.formats.models import Explain, Floats, Parts
from apps.explanations.engine.formats.trees import malformed
from apps.explanations.engine.refusals import ModelRefused, refuse_other_formats
from apps.explanations.engine.spec import Space, Spec

TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": object,
}
# How `external_data` begins in the file: an entry named "location".
ELSEWHERE = b"\x0a\x08location\x12"
NOT_THERE = ("is not a registered function/op", "No opset import for domain", "No Op registered", "not registered")
FATAL_ONLY = 4


def versions() -> dict[str, str]:
    return {"onnxruntime": onnxruntime.__version__}


def prepare(*, with_shap: bool) -> None:  # noqa: ARG001  # it has nothing for shap
    onnxruntime.disable_telemetry_events()
    onnxruntime.get_available_providers()


def load(content: bytes, spec: Spec) -> "Onnx":
    refuse_other_formats(content)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common class
        raise _refusal(content, str(error)) from error
    return Onnx(session, spec)


class Onnx:
    """A graph with one input for all features, or one for each."""

    is_linked = False
    method = None
    adds_up_to_margin = False
    needs_background = True
    takes_by_name = True

    def __init__(self, session: Any, spec: Spec) -> None:
        self._session = session
        self._inputs = session.get_inputs()
        for each in self._inputs:
            if each.type not in TYPES:
                raise ModelRefused(
                    "wrong_inputs", f"The input {each.name} is a {each.type}; numbers and texts can be sent."
                )
        outputs = [each.name for each in session.get_outputs()]
        self._output = spec.output.name or outputs[-1]
        if self._output not in outputs:
            raise ModelRefused("bad_spec", f"The file has no output “{self._output}”; it has {', '.join(outputs)}.")
        self._columns = self._in_order([each.name for each in spec.features])
        self.features = self._width()
        self.names = [each.name for each in self._inputs] if self._is_split else []
        self.usual = Space.VALUE if spec.task == "regression" else Space.PROBABILITY
        self.classes: list[str] = []

    def predict(self, cells: Cells) -> Floats:
        """Run the graph, row by row where it was made for a single row."""
        if self._inputs[0].shape and self._inputs[0].shape[0] == 1 and len(cells) != 1:
            return np.concatenate([self._run(cells[row : row + 1]) for row in range(len(cells))])
        return self._run(cells)

    def margin(self, cells: Cells) -> Floats:
        return self.predict(cells)

    def contributions(self, cells: Cells, background: Cells | None) -> Parts:
        raise NotImplementedError

    def interventional(self, background: Cells, *, is_probability: bool) -> Explain | None:  # noqa: ARG002  # none
        return None

    @property
    def _is_split(self) -> bool:
        return len(self._inputs) > 1

    def _in_order(self, names: list[str]) -> list[int]:
        """Return which feature each input takes, by name where all names are known, otherwise in their order."""
        inputs = [each.name for each in self._inputs]
        return [names.index(name) for name in inputs] if set(inputs) == set(names) else list(range(len(inputs)))

    def _width(self) -> int:
        shape = self._inputs[0].shape
        if self._is_split:
            return len(self._inputs)
        return shape[1] if len(shape) == 2 and isinstance(shape[1], int) else -1

    def _run(self, cells: Cells) -> Floats:
        if self._is_split:
            feed = {
                each.name: _typed(cells[:, [column]], each)
                for each, column in zip(self._inputs, self._columns, strict=True)
            }
        else:
            feed = {self._inputs[0].name: _typed(cells, self._inputs[0])}
        (found,) = self._session.run([self._output], feed)
        if isinstance(found, list):  # skl2onnx's usual {class: probability} of each row
            self.classes = [str(name) for name in found[0]]
            found = [list(row.values()) for row in found]
        outputs = np.asarray(found, dtype=np.float64)
        return outputs.reshape(len(cells), -1)


def _typed(cells: Cells, each: Any) -> Any:
    """Return the cells as this input's type and shape; a missing text is an empty one."""
    kind = TYPES[each.type]
    if kind is object:
        values: Any = np.array([["" if value != value else str(value) for value in row] for row in cells], dtype=object)  # noqa: PLR0124  # NaN
    else:
        values = cells.astype(kind)
    return values[:, 0] if len(each.shape) == 1 else values


def _refusal(content: bytes, error: str) -> ModelRefused:
    if ELSEWHERE in content:
        return ModelRefused("external_data", "The file keeps its numbers in another file; save it as one.")
    if any(text in error for text in NOT_THERE):
        return ModelRefused("custom_ops", f"The file needs operators that onnxruntime does not have: {error[:200]}")
    return malformed(error[:200])
