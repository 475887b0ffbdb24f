"""Why a model file is not loaded, and the first look at its bytes."""

# What other formats begin with. Those of Python run code as they load, the others can be anything.
PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(1, 6))
COMPRESSED = (
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"\x04\x22\x4d\x18",
    b"\x28\xb5\x2f\xfd",
    b"\x78\x01",
    b"\x78\x9c",
    b"\x78\xda",
)
ZIP = b"PK\x03\x04"
HDF5 = b"\x89HDF"
# Files that `torch.save` writes are zip archives of a pickle.
TORCH_ENTRY = "data.pkl"
SAFE = "Safe formats are XGBoost's JSON, LightGBM's text, ONNX and skops."


class ModelRefused(Exception):  # noqa: N818  # what happened, as the page says it
    """The file cannot be loaded, through its own fault. The message is a sentence for its owner."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def refuse_other_formats(content: bytes, *, is_zip: bool = False) -> None:
    """Refuse what is certainly none of our formats, with a sentence that says what it is."""
    if content.startswith(PICKLES):
        raise ModelRefused("pickle", f"This is a pickle, which can run any program when it is opened. {SAFE}")
    if content.startswith(COMPRESSED):
        raise ModelRefused(
            "compressed", f"This is compressed, as joblib writes files; send the model's own file. {SAFE}"
        )
    if content.startswith(ZIP) and not is_zip:
        raise ModelRefused("zip", f"This is a zip archive: only skops files are. {SAFE}")
    if content.startswith(HDF5):
        raise ModelRefused("hdf5", f"This is an HDF5 file, as Keras writes; convert it to ONNX. {SAFE}")
    if not content:
        raise ModelRefused("empty", "The file is empty.")
