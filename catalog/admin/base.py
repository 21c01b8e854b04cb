"""Base classes and helpers of the admin site: lists that stay fast with a million rows."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import connection
from django.db.models import Count, ForeignKey, Model, Q, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.admin_lists import ValidatedList, is_key
from accounts.models import User
from catalog.models import AudioFile
from catalog.pagination import BoundedPaginator, ids_first
from catalog.search.index import ids_in_index

M = TypeVar("M", bound=Model)
# Songs, artists or albums that the words of a search find at most: one looks for something certain.
FOUND = 300
SHOWN = 20  # rows of something else on a page, and of what is about to be deleted

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[M]
    _Inline = admin.TabularInline[Any, Any]
    List = ChangeList
else:  # Django's own classes take no parameters

    class _Admin(admin.ModelAdmin):
        def __class_getitem__(cls, _item: object) -> type:
            return cls

    _Inline = admin.TabularInline
    List = ChangeList


class KeySelect(AutocompleteSelect):
    """A select that shows a form with a malformed key again, with nothing chosen."""

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> Any:
        keys = [key for key in value if is_key(self.field.target_field, key)]
        return super().optgroups(name, keys, attr)


class ForeignKeys:
    """Forms that survive malformed keys in ``autocomplete_fields``."""

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **options: Any
    ) -> "ModelChoiceField[Any] | None":
        page: Any = self
        if db_field.name in page.get_autocomplete_fields(request):
            options["widget"] = KeySelect(db_field, page.admin_site, using=options.get("using"))
        field: ModelChoiceField[Any] | None = super().formfield_for_foreignkey(  # type: ignore[misc]  # Django's
            db_field, request, **options
        )
        return field


class Inline(ForeignKeys, _Inline):
    """Rows of another table on a page."""


class ReadOnlyInline(Inline):
    """Rows of another table that cannot be changed here; ``related`` rows are fetched with them."""

    extra = 0
    can_delete = False
    related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Any]":
        return super().get_queryset(request).select_related(*self.related)

    def has_add_permission(self, *_arguments: Any) -> bool:
        return False


class AtLeast(int):
    """A number of rows, shown as a lower bound."""

    def __str__(self) -> str:
        return f"{int(self)}+"


class CountingList(List):
    """A change list that counts related rows of the page alone.

    Searches read ids first, then their rows; with SQLite all lists do.
    """

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        page = self.model_admin
        if self.query or connection.vendor == "sqlite":
            self.result_list = ids_first(self.result_list, self.queryset)
        if isinstance(self.paginator, BoundedPaginator) and self.paginator.is_longer:
            self.result_count = AtLeast(self.result_count)
        if isinstance(page, Rows) and page.counted:
            self.result_list = list(self.result_list)
            for name, (model, field) in page.counted.items():
                rows = model._default_manager.filter(**{f"{field}__in": [row.pk for row in self.result_list]})  # noqa: SLF001  # Django's public name
                counts = dict(rows.order_by().values_list(field).annotate(Count("pk")))
                for row in self.result_list:
                    setattr(row, f"n_{name}", counts.get(row.pk, 0))


class Rows(ForeignKeys, ValidatedList, _Admin[M]):
    """A table without a count of everything, whose search and filters have indexes behind them.

    ``counted`` names columns that tell how many rows of another table point at each row.
    """

    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50
    list_max_show_all = 200
    counted: dict[str, tuple[type[Model], str]] = {}

    def matching(self, words: str) -> Q | None:
        """Match the rows that a search for ``words`` finds; None: Django's own search."""
        return None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        wanted = self.matching(words)
        if wanted is None:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(wanted), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CountingList


class ReadOnly(Rows[M]):
    """Rows that cannot be changed in the admin site."""

    def has_add_permission(self, request: HttpRequest, *_more: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Removable(ReadOnly[M]):
    """Rows that cannot be changed in the admin site, but deleted."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        meta = self.opts
        return request.user.has_perm(f"{meta.app_label}.delete_{meta.model_name}")

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        return deletion_summary(objs, self.opts.verbose_name_plural)


def deletion_summary(rows: Any, name: Any) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
    """Summarise what is about to be deleted: the first rows by name, and how many there are.

    Django's own lists everything that goes along, with a query for each.
    """
    count = rows.count() if isinstance(rows, QuerySet) else len(rows)
    names = [str(row) for row in rows[:SHOWN]]
    return names + (["…"] if count > SHOWN else []), {str(name): count}, set(), []


def find_tracks(words: str, kind: str = "track") -> list[UUID]:
    """Find songs, artists or albums by the catalogue's search. Ids first: joined before, all would be sorted."""
    return ids_in_index(kind, words, FOUND)


def find_audio(words: str) -> list[UUID]:
    """Find the audio of such songs."""
    return ids_in_index("track", words, FOUND, "audio_id")


def find_accounts(words: str) -> list[UUID]:
    """Find accounts by a part of their address."""
    return list(User.objects.filter(email__icontains=words.strip()).values_list("pk", flat=True)[:FOUND])


def as_id(words: str) -> UUID | None:
    """Parse an id; None for anything else."""
    try:
        return UUID(words.strip())
    except ValueError:
        return None


def clock(seconds: float) -> str:
    """Format seconds as ``"3:07"`` or ``"1:02:09"``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def player(audio: AudioFile) -> SafeString:
    """Render a player that loads nothing before it is started."""
    address = reverse("admin:catalog_audiofile_listen", args=[audio.pk])
    return format_html('<audio controls preload="none" src="{}"></audio>', address)


def excerpt(rows: Iterable[Any], address: str) -> SafeString:
    """Render the first of many rows by name, and a link to the list with all of them."""
    names = format_html_join("", "<li>{}</li>", ((str(row),) for row in rows))
    return format_html('<ul>{}</ul><a href="{}">{}</a>', names, address, _("All of them"))
