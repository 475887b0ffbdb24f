"""Static files with hashed names, for a collected installation."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

IMPORTS = (
    (r'(?P<matched>from "(?P<url>\.{1,2}/[^"]+)")', 'from "%(url)s"'),
    (r'(?P<matched>import "(?P<url>\.{1,2}/[^"]+)")', 'import "%(url)s"'),
)


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise is untyped
    """Hash the names in our modules' imports too: a cache must not mix two releases."""

    # Not Django's own support for modules: it reads every script, and django-htmx imports files it does not ship.
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", IMPORTS))
    # One pass per level of imports; the desk has seven.
    max_post_process_passes = 10
