# ruff: noqa: B018, F821  # a list for vulture; nothing imports it
"""Names for which vulture finds no caller, but that have one. Each group says who uses them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # never run
    # config/settings.py, config/urls.py and pyproject.toml name these by path.
    ApiKeyAuthentication, HasAccess, AccessMiddleware, KeyQuota, AccountAdapter
    StrictJSONParser, Negotiation, AccessSchema, problem_response, too_many_requests
    (
        ProxyMiddleware,
        NoStoreMiddleware,
        CharacterMiddleware,
        MethodMiddleware,
        LengthMiddleware,
        DomainErrorMiddleware,
        SessionAgeMiddleware,
        BellTask,
        BalancedThreadWorker,
        MaskingLogger,
        HashedStaticFilesStorage,
    )

    # Django, DRF, drf-spectacular, allauth, Celery and gunicorn call these.
    _.authenticate, _.authenticate_header, _.allow_request, _.filter_renderers, _.is_open_for_signup, _.send_mail
    _.ready, _.create_superuser, _.process_exception, _.process_view, _.before_start, _.readable, _.map_serializer
    _.to_representation, _.from_db_value, _.db_type, _.has_permission, _.add_arguments, _.get_security_definition
    _.validate_full_at, _.validate_per_day, _.post, _.put, _.patch, _.setup, _.to_python, _.run_validators, _.readinto
    ApiKeyScheme, StrictForms, HealthMiddleware, BufferingWorker
    keep_django_logging, when_ready, post_worker_init, post_fork

    # waitress calls these.
    _.handle_read, _.to_response, _.maintenance

    # Migrations, which vulture does not read, use these.
    CreateRefusal, AppendOnly, CreateOwnersFunction

    # An annotation names this in quotes.
    DataAndFiles

    # Only SQL writes this table.
    IntakeHour

    # Templates call these filters.
    in_100_with_range, as_draft, without_model, ago, with_separators

    # Tests and the benchmark of monitoring count with it.
    histogram

    # Statistics for parts of reports that come next.
    exact_win_rate, _.missing_share
