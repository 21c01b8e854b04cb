"""The two simple calls for scripts: sign in, and a song in, its stems out.

``/api/separate`` waits for the work as long as a setting allows and as long as enough threads stay free for
everybody else; then it answers 202 and says where the separation can be followed.
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

from accounts.api import CredentialsSerializer, OpenView, account
from accounts.tokens import BearerAuthentication, check_password, pair_for
from catalog.api.serializers import NameField
from catalog.errors import CatalogError
from catalog.models import Track, Visibility
from catalog.storage import encoding_pool
from catalog.storage.waiting_requests import requester, waiting
from separation.api.downloads import PREFER, prefers_not_to_wait
from separation.api.separations import archive_answer, archive_order, encoding
from separation.api.serializers import EncodingSerializer, LiveSeparationSerializer
from separation.api.tracks import refuse_too_large, take_in
from separation.delivery.permissions import VisibleSeparation
from separation.engines import modelspec
from separation.error_messages import explain
from separation.models import Separation, Status
from separation.queue.requests import ask

STEMS = (2, 4, 5)
FIRST_LOOK_SECONDS, LAST_LOOK_SECONDS = 0.1, 1.0


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Send it as `Authorization: Bearer <token>`; it lasts an hour.")
    userId = serializers.UUIDField()  # noqa: N815 (the name that scripts expect)


class LoginView(OpenView):
    @extend_schema(
        request=CredentialsSerializer, responses=TokenSerializer, tags=["simple"], operation_id="login"
    )
    def post(self, request: Request) -> Response:
        """Sign in for an hour.

        The token goes into the header `Authorization` of other calls.
        """
        sent = CredentialsSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        user = check_password(request, **sent.validated_data)
        return Response({"token": pair_for(user)["access"], "userId": str(user.pk)})


class SeparateSerializer(EncodingSerializer):
    audio = serializers.FileField(allow_empty_file=True, use_url=False)
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
        """Who has no token is told so, and a song that is too long is refused, before the body is read."""
        super().initial(request, *args, **kwargs)
        refuse_too_large(request)

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
        wanted: dict[str, Any] = sent.validated_data
        encoding(request, wanted)  # said before the song is taken in
        spec = model_with(wanted.pop("stems"))
        user = account(request)
        track = take_in(wanted["audio"], user, wanted).track
        separation = ask(track, spec.slug, user).separation
        seen = VisibleSeparation.of(track, separation)
        if prefers_not_to_wait(request):
            return self._later(request, seen, asked=True)
        deadline = time.monotonic() + settings.SIMPLE_WAIT_SECONDS
        try:
            finished = wait(separation, requester(request), deadline)
            return self._answer(request, VisibleSeparation.of(track, finished), wanted, deadline)
        except CatalogError as error:
            if error.retry_after is None:
                raise
            return self._later(request, seen)  # the song is kept, so sending it again would be in vain

    def _answer(
        self, request: Request, seen: VisibleSeparation, wanted: dict[str, Any], deadline: float
    ) -> HttpResponseBase:
        if seen.separation.status == Status.FAILED:
            raise CatalogError(seen.separation.error_code or "failed", explain(seen.separation), status=422)
        if seen.separation.status != Status.SUCCEEDED:
            raise CatalogError("cancelled", _("This separation was stopped."), status=409)
        order, person = archive_order(seen, request, wanted), requester(request)
        batch = encoding_pool.start(list(order.recipes.values()), person)
        if not batch.is_done:
            with waiting(person, long=True):
                batch.wait(deadline - time.monotonic())
        return archive_answer(request, order, batch.result())

    def _later(self, request: Request, seen: VisibleSeparation, *, asked: bool = False) -> Response:
        fresh = VisibleSeparation.of(
            Track.objects.get(pk=seen.track.pk), Separation.objects.get(pk=seen.separation.pk)
        )
        answer = Response(LiveSeparationSerializer(fresh, context={"request": request}).data, status=202)
        address = reverse("api:separation", args=[seen.separation.pk])
        answer["Location"] = request.build_absolute_uri(address)
        if asked:
            answer["Preference-Applied"] = "respond-async"
        return answer


def model_with(stems: int) -> modelspec.ModelSpec:
    """The best installed model with so many stems; ``CatalogError("model_unavailable")`` (409)."""
    try:
        return modelspec.best_for(stems, settings.MODELS_DIR)
    except modelspec.ModelUnavailable as error:
        sentence = _("No model with %(stems)d stems is installed here.") % {"stems": stems}
        raise CatalogError("model_unavailable", sentence, status=409) from error


def wait(separation: Separation, person: str, deadline: float) -> Separation:
    """The separation once it is finished.

    Raises ``CatalogError``: ``busy`` (503) when too many wait, ``not_finished`` (503) at ``deadline``.
    """
    if separation.is_finished:
        return separation
    with waiting(person, long=True):
        pause = FIRST_LOOK_SECONDS
        while time.monotonic() < deadline:
            time.sleep(pause)
            now = Separation.objects.get(pk=separation.pk)
            if now.is_finished:
                return now
            pause = min(pause * 1.5, LAST_LOOK_SECONDS)
    raise CatalogError("not_finished", _("This separation is not ready yet."), status=503, retry_after=10)
