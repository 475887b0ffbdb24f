"""Append-only tables: the database itself refuses to change, remove or empty their rows."""

from django.db import migrations

# Set by the one database function that may erase rows, while it runs.
ERASING = "countersign.erasing"


class CreateRefusal(migrations.RunSQL):
    """Create the function behind the triggers.

    It lets pass what the tables' owner does while the setting is on. In a deployment with two roles, the application's
    role is not the owner, so the setting alone gives it nothing. Truncating an empty table passes: Django's `flush`
    names every table at once, and loses nothing there.
    """

    def __init__(self) -> None:
        # The path excludes temporary tables, which could pose as pg_class.
        super().__init__(
            f"""
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
            DECLARE
                is_filled boolean;
            BEGIN
                IF TG_ARGV[0] = 'erasable' AND current_setting('{ERASING}', true) = 'on'
                    AND (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = TG_RELID) = current_user
                THEN
                    RETURN NULL;
                END IF;
                EXECUTE format('SELECT EXISTS (SELECT FROM %s)', TG_RELID::regclass) INTO is_filled;
                IF TG_OP <> 'TRUNCATE' OR is_filled THEN
                    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
                        USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NULL;
            END
            $$
            """,  # noqa: S608  # a constant of ours
            "DROP FUNCTION refuse_change()",
        )


class AppendOnly(migrations.RunSQL):
    """Refuse UPDATE, DELETE and TRUNCATE on a table. With `is_erasable`, the erasing function gets through."""

    def __init__(self, table: str, *, is_erasable: bool = True) -> None:
        argument = "'erasable'" if is_erasable else ""
        super().__init__(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change({argument})",
            f"DROP TRIGGER append_only ON {table}",
        )


class CreateOwnersFunction(migrations.RunSQL):
    """Create a function that acts with the rights of the tables' owner: a narrow way to what only the owner may do.

    The path names the tables' schema first and temporary tables last, so that no caller can put others in their place.
    """

    def __init__(self, signature: str, *, returns: str, body: str) -> None:
        super().__init__(
            f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql"
            f" SECURITY DEFINER SET search_path = public, pg_temp AS $$ {body} $$;"
            f" REVOKE EXECUTE ON FUNCTION {signature} FROM PUBLIC",
            f"DROP FUNCTION {signature}",
        )
