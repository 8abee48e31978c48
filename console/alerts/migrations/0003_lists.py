from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0002_told_back")]

    operations = [
        migrations.AddField(
            model_name="rule",
            name="lists",
            field=models.CharField(default="runs", max_length=16),
        ),
    ]
