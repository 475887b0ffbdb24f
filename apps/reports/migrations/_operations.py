"""Operations of this app's migrations that Django has no word for."""

from apps.common.append_only import ERASING, CreateOwnersFunction


class CreateErase(CreateOwnersFunction):
    """Create the one function that removes rows of append-only tables.

    It does what an entry of the audit record announces, written in the same transaction: they commit together or not at
    all. An entry `model.deleted` removes what hangs on an empty model, and on no other: if the model holds anything
    that was sent or decided, nothing happens, and the answer names it.
    """

    def __init__(self) -> None:
        super().__init__(
            "erase(entry_id bigint)",
            returns="text",
            # A visible row whose transaction is in progress is our own. The upper half of xid8 is the epoch.
            body=f"""
            DECLARE
                erased bigint;
            BEGIN
                SELECT model.id INTO erased
                FROM audit_entry AS entry
                JOIN registry_monitoredmodel AS model
                    ON model.id = (entry.details ->> 'model')::bigint AND model.project_id = entry.project_id
                WHERE entry.id = entry_id AND entry.act = 'model.deleted' AND 'in progress' = pg_xact_status(
                    ((pg_current_xact_id()::text::bigint >> 32 << 32) | entry.xmin::text::bigint)::text::xid8
                );
                IF erased IS NULL THEN
                    RAISE EXCEPTION 'entry % announces no deletion in this transaction', entry_id
                        USING ERRCODE = 'restrict_violation';
                END IF;
                -- Pushes refer to the model: from here on they wait, and fail once it is gone.
                PERFORM FROM registry_monitoredmodel WHERE id = erased FOR UPDATE;
                IF EXISTS (SELECT FROM predictions_prediction WHERE model_id = erased) THEN
                    RETURN 'predictions';
                ELSIF EXISTS (SELECT FROM predictions_outcome WHERE model_id = erased) THEN
                    RETURN 'outcomes';
                ELSIF EXISTS (SELECT FROM predictions_action WHERE model_id = erased) THEN
                    RETURN 'actions';
                ELSIF EXISTS (
                    SELECT FROM review_decision AS decision JOIN review_reviewitem AS item ON item.id = decision.item_id
                    JOIN registry_reviewqueue AS queue ON queue.id = item.queue_id WHERE queue.model_id = erased
                ) THEN
                    RETURN 'decisions';
                END IF;
                PERFORM set_config('{ERASING}', 'on', true);
                DELETE FROM reports_report WHERE model_id = erased;
                DELETE FROM reports_comparison WHERE model_id = erased;
                DELETE FROM truth_resolution WHERE model_id = erased;
                PERFORM set_config('{ERASING}', 'off', true);
                RETURN NULL;
            END
            """,
        )
