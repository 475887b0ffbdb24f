"""Mail, where a server is configured. A server that is slow or away holds up no page."""

from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from django.conf import settings
from django.core.mail import EmailMessage

log = structlog.get_logger(__name__)
# People wait this long for a mail server at most.
PATIENCE_SECONDS = 5.0
_senders = ThreadPoolExecutor(max_workers=4, thread_name_prefix="mail")


def is_configured() -> bool:
    return bool(settings.SMTP_URL)


def post(message: EmailMessage) -> "Future[bool]":
    """Send the message beside the request. The result says whether the server took it; failures are logged."""
    return _senders.submit(_deliver, message)


def is_sent(message: EmailMessage) -> bool:
    """Send the message; return whether the server took it in time."""
    sending = post(message)
    try:
        return sending.result(timeout=PATIENCE_SECONDS)
    except TimeoutError:
        log.warning("mail_server_is_slow", seconds=PATIENCE_SECONDS)
        return False


def _deliver(message: EmailMessage) -> bool:
    try:
        return bool(message.send())
    except (OSError, ValueError) as error:  # SMTP's errors are OSErrors; an unusable address is a ValueError
        log.warning("mail_not_sent", error=str(error))
        return False
