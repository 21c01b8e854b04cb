"""Ratings in the admin site, where they can be removed."""

from django.contrib import admin
from django.db.models import Q
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

    def matching(self, words: str) -> Q:
        return Q(user__in=find_accounts(words))
