"""Which view a rule is of: the one that it was made of, as far as that can be told.

That of its name and query; else one of its query, which was given another name; else the one of its
name, which asks something else by now, and which the rule follows from here on. Rules were made of
everyone's views only. Where there is none, the view was deleted: the rule stops.
"""

from django.db import migrations
from django.utils import timezone

GONE = (
    "Its view, “{}”, was deleted. It tells nobody any more: delete it, and make one "
    "of another view if you need it."
)


def find_views(apps, schema_editor):
    views = apps.get_model("saved_views", "SavedView").objects.filter(audience="namespace")
    for rule in apps.get_model("alerts", "Rule").objects.filter(kind="count", view=None):
        here = views.filter(namespace=rule.namespace, lists=rule.lists).order_by("pk")
        named = here.filter(name__iexact=rule.view_name)
        asking = here.filter(query=rule.query)
        view = named.filter(query=rule.query).first() or asking.first() or named.first()
        if view:
            rule.view, rule.view_name = view, view.name
        else:
            rule.stopped_at, rule.stopped_for = timezone.now(), GONE.format(rule.view_name)
            rule.was_shared, rule.is_firing = True, False
        rule.save()


def copy_words(apps, schema_editor):
    rules = apps.get_model("alerts", "Rule").objects.exclude(view=None)
    for rule in rules.select_related("view"):
        rule.view_name, rule.query, rule.lists = rule.view.name, rule.view.query, rule.view.lists
        rule.save()


class Migration(migrations.Migration):
    dependencies = [("alerts", "0004_view")]

    operations = [migrations.RunPython(find_views, copy_words)]
