"""Groups hold roles as people do; the highest holds; one sees where a right comes from."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from console.access.models import Grant, GroupGrant, Role
from console.access.policy import can, reach, role_of
from console.audit.models import AuditEntry
from tests.support.pages import words_in
from tests.support.people import person

pytestmark = pytest.mark.one_server

Browser = Callable[..., Client]


def group(name: str, *members: User, **roles: str) -> Group:
    made, _ = Group.objects.get_or_create(name=name)
    made.user_set.add(*members)
    for namespace, role in roles.items():
        GroupGrant.objects.create(group=made, namespace=namespace, role=role)
    return made


def again(who: User) -> User:
    """As the next request sees them."""
    return User.objects.get(pk=who.pk)


def test_the_highest_of_own_and_group_roles_holds(db: None) -> None:
    dora = person("Dora", Role.VIEWER, "default")
    group("operators", dora, default="operator", elsewhere="viewer")
    group("admins of elsewhere", dora, elsewhere="admin")

    dora = again(dora)
    assert role_of(dora, "default") == Role.OPERATOR
    assert role_of(dora, "elsewhere") == Role.ADMIN
    assert role_of(dora, "a third") is None
    assert reach(dora) == {"default", "elsewhere"}
    assert can(dora, "run.terminate", "default")
    assert not can(dora, "people.manage", None)


def test_a_higher_role_of_ones_own_is_not_lowered_by_a_group(bob: User) -> None:
    group("onlookers", bob, default="viewer")

    assert role_of(again(bob), "default") == Role.OPERATOR


def test_a_closed_account_has_nothing_by_its_groups_either(db: None) -> None:
    eve = person("Eve", None)
    group("everyone", eve, default="admin")
    eve.is_active = False

    assert not can(eve, "run.view", "default")
    assert not can(eve, "cluster.view", None)


def test_who_has_roles_by_a_group_alone_is_let_in(browser_of: Browser) -> None:
    eve = person("Eve", None)
    assert browser_of(eve).get("/namespaces/default/runs/").status_code == 403

    group("support", eve, default="viewer")

    assert browser_of(eve).get("/namespaces/default/runs/").status_code == 200
    assert browser_of(eve).get("/people/").status_code == 403


def test_an_admin_makes_a_group_gives_it_a_role_and_a_member(
    alice: User, browser_of: Browser
) -> None:
    eve, browser = person("Eve", None), browser_of(alice)

    browser.post("/people/groups/new/", {"name": "Support"})
    at = f"/people/groups/{Group.objects.get().pk}"
    browser.post(f"{at}/grants/", {"namespace": "default", "role": "operator"})
    browser.post(f"{at}/members/", {"person": "eve"})

    assert can(again(eve), "run.terminate", "default")
    page = words_in(browser.get("/people/groups/"))
    assert "Support Drop… Roles Operator default" in page
    assert "Members Eve" in page
    added = AuditEntry.objects.first()
    assert added is not None
    assert (added.target, added.before) == (
        "group Support",
        {"members": [], "roles": {"default": "operator"}},
    )
    assert added.outcome.after == {"members": ["eve"], "roles": {"default": "operator"}}


def test_what_a_group_gave_goes_with_the_role_the_membership_and_the_group(
    alice: User, browser_of: Browser
) -> None:
    eve, browser = person("Eve", None), browser_of(alice)
    made = group("Support", eve, default="operator", elsewhere="operator")
    at = f"/people/groups/{made.pk}"

    browser.post(f"{at}/grants/revoke/", {"namespace": "default"})
    assert reach(again(eve)) == {"elsewhere"}
    browser.post(f"{at}/members/remove/", {"person": "eve"})
    assert reach(again(eve)) == set()
    browser.post(f"{at}/members/", {"person": "eve"})
    assert reach(again(eve)) == {"elsewhere"}
    browser.post(f"{at}/drop/")
    assert reach(again(eve)) == set()
    assert AuditEntry.objects.count() == 4


def test_a_name_twice_is_refused(alice: User, browser_of: Browser) -> None:
    group("Support")

    answer = browser_of(alice).post("/people/groups/new/", {"name": "support"})

    assert answer.status_code == 422
    assert "There is a group of this name already." in words_in(answer)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("grants/revoke/", {"namespace": "*"}),
        ("grants/", {"namespace": "*", "role": "viewer"}),
        ("members/remove/", {"person": "gina"}),
        ("drop/", {}),
    ],
)
def test_nobody_takes_away_the_group_role_by_which_they_do_it(
    path: str, asked: dict[str, str], browser_of: Browser
) -> None:
    gina = person("Gina", None)
    made = group("Admins", gina, **{"*": "admin"})

    answer = browser_of(gina).post(f"/people/groups/{made.pk}/{path}", asked)

    assert answer.status_code == 409
    assert "would take away your own access" in words_in(answer)
    assert can(again(gina), "people.manage", None)
    assert not AuditEntry.objects.exists()


def test_who_has_it_otherwise_too_may(alice: User, browser_of: Browser) -> None:
    made = group("Admins", alice, **{"*": "admin"})

    assert browser_of(alice).post(f"/people/groups/{made.pk}/drop/").status_code == 303
    assert not Group.objects.exists()


def test_the_pages_of_people_show_where_a_right_comes_from(
    alice: User, browser_of: Browser
) -> None:
    dora = person("Dora", Role.VIEWER, "default")
    group("Support", dora, default="operator")

    of_all = words_in(browser_of(alice).get("/people/"))
    of_dora = words_in(browser_of(alice).get(f"/people/{dora.pk}/"))

    assert "Operator default by Support" in of_all
    assert "Viewer default given to them a higher one does" in of_dora
    assert "Operator default the group Support Yes" in of_dora


def test_the_list_of_people_asks_as_often_for_many_as_for_one(
    alice: User, browser_of: Browser, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    for number in range(20):
        somebody = person(f"Person{number}", Role.VIEWER)
        group(f"Group {number}", somebody, default="operator")
    browser = browser_of(alice)
    browser.get("/people/")

    with django_assert_max_num_queries(12):  # type: ignore[attr-defined]
        browser.get("/people/")
    assert Grant.objects.count() == 21
