"""Ratings in the admin panel, where they can be removed."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog.admin.base import Removable, find_accounts
from separation.models import Rating


@admin.register(Rating)
class RatingAdmin(Removable[Rating]):
    list_display = ["separation", "stem", "score", "user", "created_at"]
    list_filter = ["score", "created_at"]
    list_select_related = ["separation", "stem", "user"]
    search_fields = ["pk"]
    search_help_text = _("An account's address.")
    raw_id_fields = ["separation", "stem"]
    ordering = ["-created_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Rating], search_term: str
    ) -> tuple[QuerySet[Rating], bool]:
        if not search_term.strip():
            return queryset, False
        return queryset.filter(user__in=find_accounts(search_term)), False
