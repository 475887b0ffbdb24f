from django.db import migrations


def hide(apps, schema_editor):
    """Hide sensitive features where the former default showed them: nobody chose that."""
    apps.get_model("registry", "ReviewQueue").objects.filter(sensitive_role="reviewer").update(sensitive_role="engineer")


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0005_sensitive_role_default'),
    ]

    operations = [migrations.RunPython(hide, migrations.RunPython.noop)]
