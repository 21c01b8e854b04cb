"""Permissions of an account and of its groups, through the one backend that the settings name."""

from django.contrib.auth.models import Group, Permission

from accounts.models import User


def test_account_has_own_permissions_and_those_of_its_groups(user: User) -> None:
    tracks, albums = (Permission.objects.get(codename=f"change_{kind}") for kind in ("track", "album"))
    group = Group.objects.create(name="Helpers")
    group.permissions.add(tracks)
    user.groups.add(group)
    user.user_permissions.add(albums)
    person = User.objects.get(pk=user.pk)
    assert person.has_perms(["catalog.change_track", "catalog.change_album"])
    assert not person.has_perm("catalog.change_artist")


def test_inactive_account_has_no_permissions(user: User) -> None:
    user.user_permissions.add(Permission.objects.get(codename="change_track"))
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not User.objects.get(pk=user.pk).has_perm("catalog.change_track")
