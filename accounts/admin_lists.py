"""Lists of the admin site that answer malformed filters and keys like any other wrong input."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db import DataError
from django.db.models import Field, QuerySet
from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:  # mixed into Django's own class
    _Admin = object


def is_key(field: "Field[Any, Any]", text: str) -> bool:
    """Whether ``text`` could be the key of a row; the database refuses to look for anything else."""
    try:
        field.run_validators(field.to_python(text))
    except ValidationError:
        return False
    return True


class ValidatedList(_Admin):
    """Goes before ``ModelAdmin`` among the bases."""

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Answer numbers, dates and text that the database cannot hold like any other wrong filter."""
        try:
            return super().get_changelist_instance(request)
        except (OverflowError, ValueError, DataError) as error:
            raise IncorrectLookupParameters(error) from error

    def response_action(  # type: ignore[override]  # the stubs have a later Django's
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        """Pass over chosen keys that no row can have."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        data = request.POST.copy()
        data.setlist(ACTION_CHECKBOX_NAME, [key for key in chosen if is_key(self.opts.pk, key)])
        request.POST = data  # type: ignore[assignment]  # mutable
        return super().response_action(request, queryset)
