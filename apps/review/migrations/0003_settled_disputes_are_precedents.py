from django.db import migrations

# Until now every dispute that an adjudicator had settled was shown as one.
FORWARD = """
UPDATE review_reviewitem SET is_precedent = true
WHERE adjudication_reason = 'dispute' AND adjudicated IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("review", "0002_probes_disputes_questions_and_comments")]

    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
