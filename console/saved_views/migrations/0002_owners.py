import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


def keep_what_all_shared(apps, schema_editor):
    apps.get_model("saved_views", "SavedView").objects.update(audience="namespace")


class Migration(migrations.Migration):


    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("saved_views", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint("SavedView", "one_view_of_a_name_per_namespace"),
        migrations.RenameField("SavedView", "maker", "owner"),
        migrations.AlterField(
            "SavedView",
            "owner",
            models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="views_owned", to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField("SavedView", "query", models.TextField(blank=True)),
        migrations.AlterModelOptions("SavedView", {"ordering": ("made_at", "pk")}),
        migrations.AddField("SavedView", "columns", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField(
            "SavedView",
            "audience",
            models.CharField(choices=[("person", "Only me"), ("team", "A team"), ("namespace", "Everyone in this namespace")], default="person", max_length=16, verbose_name="For"),
        ),
        migrations.AddField(
            "SavedView",
            "team",
            models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name="views", to="auth.group"),
        ),
        migrations.RunPython(keep_what_all_shared, migrations.RunPython.noop),
        migrations.AddConstraint(
            "SavedView",
            models.CheckConstraint(
                condition=models.Q(("audience", "team"), ("team__isnull", False)) | models.Q(("audience__in", ["person", "namespace"]), ("team__isnull", True)),
                name="a_team_where_it_is_for_a_team",
            ),
        ),
        migrations.AddConstraint(
            "SavedView",
            models.UniqueConstraint(models.F("owner"), models.F("namespace"), django.db.models.functions.text.Lower("name"), condition=models.Q(("audience", "person")), name="one_view_of_a_name_per_person"),
        ),
        migrations.AddConstraint(
            "SavedView",
            models.UniqueConstraint(models.F("team"), models.F("namespace"), django.db.models.functions.text.Lower("name"), condition=models.Q(("audience", "team")), name="one_view_of_a_name_per_team"),
        ),
        migrations.AddConstraint(
            "SavedView",
            models.UniqueConstraint(models.F("namespace"), django.db.models.functions.text.Lower("name"), condition=models.Q(("audience", "namespace")), name="one_view_of_a_name_per_namespace"),
        ),
        migrations.CreateModel(
            name="DefaultView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("namespace", models.CharField(max_length=255)),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="default_views", to=settings.AUTH_USER_MODEL)),
                ("view", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="default_of", to="saved_views.savedview")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("person", "namespace"), name="one_default_view_per_namespace")],
            },
        ),
    ]
