"""The one call for scripts that takes a song and answers with its stems.

It waits for the work as long as a setting allows and as long as enough threads stay free for others; then it answers
202 with the address of the separation.
"""

import time
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.current_user import account
from accounts.tokens import BearerAuthentication
from catalog.api.serializers import NameField
from catalog.errors import CatalogError
from catalog.models import Track, Visibility
from catalog.storage import encoding_pool
from catalog.storage.waiting_requests import requester, waiting
from separation import model_choice
from separation.api.downloads import (
    PREFER,
    order_requested_archive,
    prefers_not_to_wait,
    requested_encoding,
    send_archive,
)
from separation.api.request_serializers import EncodingSerializer, UploadedFileField
from separation.api.serializers import LiveSeparationSerializer
from separation.api.uploads import check_announced_size, ingest_upload
from separation.delivery.permissions import VisibleSeparation
from separation.engines.descriptors import ModelSpec, ModelUnavailable
from separation.error_messages import explain
from separation.models import Separation, Status
from separation.queue.requests import ask

STEMS = (2, 4, 5)
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between two looks at the separation


class SeparateSerializer(EncodingSerializer):
    audio = UploadedFileField()
    stems = serializers.ChoiceField(choices=STEMS, required=False, default=2)
    title = NameField(required=False, allow_blank=True, default="")
    artist = NameField(required=False, allow_blank=True, default="")
    album = NameField(required=False, allow_blank=True, default="")
    visibility = serializers.ChoiceField(
        choices=Visibility.choices, required=False, default=Visibility.SHARED.value
    )


class SeparateView(APIView):
    authentication_classes = [BearerAuthentication]
    parser_classes = [MultiPartParser]
    throttle_scope = "upload"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a missing token and a song that is too long before the body is read."""
        super().initial(request, *args, **kwargs)
        check_announced_size(request)

    @extend_schema(
        request={"multipart/form-data": SeparateSerializer},
        parameters=[PREFER],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            202: OpenApiResponse(
                LiveSeparationSerializer,
                "The song is kept and on its way; `Location` says where to look. Without `respond-async` this is the "
                "answer where too many requests wait already, of yours or in all, and after an hour.",
            ),
        },
        tags=["simple"],
        operation_id="separate",
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Separate a song and answer with a zip of its stems. A song that is known comes back at once."""
        sent = SeparateSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        form: dict[str, Any] = sent.validated_data
        requested_encoding(request, form)  # refuse an unknown one before the song is stored
        spec = model_with(form.pop("stems"))
        user = account(request)
        track = ingest_upload(form["audio"], user, form).track
        separation = ask(track, spec.slug, user).separation
        visible = VisibleSeparation.of(track, separation)
        if prefers_not_to_wait(request):
            return self._send_address(request, visible, preferred=True)
        deadline = time.monotonic() + settings.SIMPLE_WAIT_SECONDS
        try:
            finished = wait(separation, requester(request), deadline)
            return self._send_stems(request, VisibleSeparation.of(track, finished), form, deadline)
        except CatalogError as error:
            if error.retry_after is None:
                raise
            return self._send_address(request, visible)  # the song is stored: a retry would upload it in vain

    def _send_stems(
        self, request: Request, visible: VisibleSeparation, form: dict[str, Any], deadline: float
    ) -> HttpResponseBase:
        separation = visible.separation
        if separation.status == Status.FAILED:
            raise CatalogError(separation.error_code or "failed", explain(separation), status=422)
        if separation.status != Status.SUCCEEDED:
            raise CatalogError("cancelled", _("This separation was stopped."), status=409)
        order, person = order_requested_archive(request, visible, form), requester(request)
        batch = encoding_pool.start(list(order.recipes.values()), person)
        if not batch.is_done:
            with waiting(person, long=True):
                batch.wait(deadline - time.monotonic())
        return send_archive(request, order, batch.result())

    def _send_address(
        self, request: Request, visible: VisibleSeparation, *, preferred: bool = False
    ) -> Response:
        track = Track.objects.get(pk=visible.track.pk)
        current = VisibleSeparation.of(track, Separation.objects.get(pk=visible.separation.pk))
        answer = Response(LiveSeparationSerializer(current, context={"request": request}).data, status=202)
        address = reverse("api:separation", args=[current.separation.pk])
        answer["Location"] = request.build_absolute_uri(address)
        if preferred:
            answer["Preference-Applied"] = "respond-async"
        return answer


def model_with(stems: int) -> ModelSpec:
    """Choose the best installed model with so many stems. Raises ``CatalogError("model_unavailable")`` (409)."""
    try:
        return model_choice.best_for(stems)
    except ModelUnavailable as error:
        sentence = _("No model with %(stems)d stems is installed here.") % {"stems": stems}
        raise CatalogError("model_unavailable", sentence, status=409) from error


def wait(separation: Separation, person: str, deadline: float) -> Separation:
    """Wait until ``separation`` is finished, and return it as it is then.

    Raises ``CatalogError``: ``busy`` (503) when too many wait, ``not_finished`` (503) at ``deadline``.
    """
    if separation.is_finished:
        return separation
    with waiting(person, long=True):
        pause = SHORTEST_PAUSE
        while time.monotonic() < deadline:
            time.sleep(pause)
            current = Separation.objects.get(pk=separation.pk)
            if current.is_finished:
                return current
            pause = min(pause * 1.5, LONGEST_PAUSE)
    raise CatalogError("not_finished", _("This separation is not ready yet."), status=503, retry_after=10)
