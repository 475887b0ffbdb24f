"""gunicorn's logger. Its lines name addresses, and some addresses are secrets."""

from typing import Any

from gunicorn.glogging import Logger

from config.masking import MaskingFormatter


class MaskingLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Masks secrets in the lines about errors and requests."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(MaskingFormatter(handler.formatter))
