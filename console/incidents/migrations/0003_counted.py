from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0002_lists'),
    ]

    operations = [
        migrations.AddField(
            model_name='incident',
            name='counted_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='survey',
            name='turn',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='survey',
            name='uncounted',
            field=models.PositiveIntegerField(null=True),
        ),
    ]
