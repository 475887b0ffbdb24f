"""The form of log lines: key=value by default, JSON where COUNTERSIGN_LOG_JSON is set. Secrets are masked."""

import logging
import sys

import structlog

from config import env
from config.masking import MaskingFormatter


def shorten_outages(_logger: object, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Replace the traceback of an outage by its cause: it may hit every request for a while, and fill a disk."""
    from apps.common.outages import is_outage  # noqa: PLC0415  # Django reads the settings, which read this module

    raised = event.get("exc_info")
    error = sys.exception() if raised is True else raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException) and is_outage(error):
        del event["exc_info"]
        event["error"] = str(error).strip()
    return event


SHARED: list[structlog.types.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso"),
    shorten_outages,
]

RENDER: structlog.types.Processor = (
    structlog.processors.JSONRenderer()
    if env.flag("COUNTERSIGN_LOG_JSON")
    else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
)


def configure() -> None:
    """Send structlog through the standard handlers, so that all log lines share one form."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def formatter() -> logging.Formatter:
    """Return the formatter of all handlers: structlog's lines and everybody else's in one form."""
    return MaskingFormatter(structlog.stdlib.ProcessorFormatter(processor=RENDER, foreign_pre_chain=SHARED))
