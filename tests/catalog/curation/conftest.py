"""Somebody who looks after the catalogue."""

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from catalog.curation.groups import GROUP


@pytest.fixture
def curator(db: None) -> User:
    person = User.objects.create_user("cleo@example.org", "a long enough one", display_name="Cleo")
    person.groups.add(Group.objects.get(name=GROUP))
    return person
