from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0005_other_acts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditentry',
            name='target',
            field=models.TextField(blank=True),
        ),
    ]
