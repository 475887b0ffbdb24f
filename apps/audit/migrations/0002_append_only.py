"""The database itself refuses to change, remove or empty the record."""

from django.db import migrations

# Emptying an empty table loses nothing and passes: Django's `flush` names every table at once, and works wherever nothing
# was recorded. There is no setting that a session could switch on for itself. The table's owner can still lift the
# trigger (the tests do, between two of them): who wants to be safe from the application's own role as well lets another
# role run the migrations. What was changed behind the trigger is found by the hashes.
FORWARD = """
CREATE FUNCTION audit_entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'TRUNCATE' OR EXISTS (SELECT FROM audit_entry) THEN
        RAISE EXCEPTION 'audit_entry is append-only: % is refused', TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_is_append_only();
"""
BACKWARD = """
DROP TRIGGER append_only ON audit_entry;
DROP FUNCTION audit_entry_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
