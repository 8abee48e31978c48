from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exports", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="export",
            name="lists",
            field=models.CharField(default="runs", max_length=16),
        ),
    ]
