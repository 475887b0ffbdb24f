import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0002_score_bins'),
        ('sampling', '0002_population_cells_as_of'),
    ]

    operations = [
        migrations.AlterField(
            model_name='samplingpolicy',
            name='queue',
            field=models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='policies', to='registry.reviewqueue'),
        ),
    ]
