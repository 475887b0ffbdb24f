"""Media types of the formats in which rows come in and go out. Answers use the first of several."""

JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")
PARQUET = ("application/vnd.apache.parquet", "application/x-parquet")
ARROW = ("application/vnd.apache.arrow.stream",)
