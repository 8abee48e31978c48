from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Look",
            fields=[
                (
                    "namespace",
                    models.CharField(max_length=255, primary_key=True, serialize=False),
                ),
                ("links", models.JSONField(default=list)),
                ("quiet", models.JSONField(default=list)),
            ],
        ),
    ]
