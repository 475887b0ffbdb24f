"""Operations of this app's migrations that Django has no word for."""

from django.db import migrations


class MakeAppendOnly(migrations.RunSQL):
    """Let the database itself refuse to change, remove or empty the record.

    Truncating an empty table passes: Django's `flush` names every table at once, and loses nothing there. No setting
    lets a session switch the trigger off. The table's owner can still drop it, as the tests do between two of them;
    where the application's own role is not trusted either, another role runs the migrations. The hashes reveal
    whatever is changed behind the trigger.
    """

    def __init__(self) -> None:
        super().__init__(
            """
            CREATE FUNCTION audit_entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP <> 'TRUNCATE' OR EXISTS (SELECT FROM audit_entry) THEN
                    RAISE EXCEPTION 'audit_entry is append-only: % is refused', TG_OP
                        USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NULL;
            END
            $$;
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
                FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_is_append_only();
            """,
            """
            DROP TRIGGER append_only ON audit_entry;
            DROP FUNCTION audit_entry_is_append_only();
            """,
        )
