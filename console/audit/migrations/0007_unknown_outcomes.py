from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0006_long_names'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditoutcome',
            name='result',
            field=models.CharField(choices=[('done', 'Done'), ('refused', 'Refused'), ('unknown', 'Not known')], max_length=16),
        ),
    ]
