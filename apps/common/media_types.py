"""Media types of the forms in which rows come in and go out; the first of several is the one that answers carry."""

JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
PARQUET = ("application/vnd.apache.parquet", "application/x-parquet")
ARROW = ("application/vnd.apache.arrow.stream",)
