"""What the calls about one song have in common."""

from typing import Any

from django.db.models import QuerySet
from rest_framework.generics import GenericAPIView, get_object_or_404

from catalog.models import Track
from catalog.redirects import Kind, RedirectMixin


class TrackMixin(RedirectMixin, GenericAPIView[Any]):
    """Base of views of what belongs to a song, which finds it if the person behind the request may see it."""

    redirect_kind = Kind.TRACK

    def get_queryset(self) -> QuerySet[Track]:
        return Track.objects.visible_to(self.request.user).select_related("audio")

    def track(self) -> Track:
        found: Track = get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])
        return found
