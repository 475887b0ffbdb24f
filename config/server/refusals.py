"""The server's own 503, in the application's form."""

from waitress.utilities import Error


class Refusal(Error):  # type: ignore[misc]  # noqa: N818  # waitress has no types, and its errors are answers
    """Answers 503 in place of the application."""

    def __init__(self, path: str) -> None:
        super().__init__("")
        self.path = path

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:  # noqa: ARG002  # waitress's signature
        from apps.common.failures import unavailable  # noqa: PLC0415  # needs the application, loaded by now

        answer = unavailable(self.path)
        return f"{answer.status_code} {answer.reason_phrase}", list(answer.items()), answer.content
