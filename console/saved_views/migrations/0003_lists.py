from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("saved_views", "0002_owners")]

    operations = [
        migrations.AddField(
            model_name="savedview",
            name="lists",
            field=models.CharField(default="runs", max_length=16),
        ),
    ]
