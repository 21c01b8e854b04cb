"""The two simple calls for scripts: sign in, and a song in, its stems out.

``/api/separate`` waits for the work as long as a setting allows and as long as enough threads stay free for
everybody else; then it answers 202 and says where the separation can be followed.
"""

import threading
import time
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
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
from separation.access import Seen
from separation.api.separations import archive_answer, encoding
from separation.api.serializers import EncodingSerializer, LiveSeparationSerializer
from separation.api.tracks import refuse_too_large, take_in
from separation.ask import ask
from separation.engines import modelspec
from separation.models import Separation, Status
from separation.reasons import explain

STEMS = (2, 4, 5)
FIRST_LOOK_SECONDS, LAST_LOOK_SECONDS = 0.1, 1.0
KEPT_FREE = 4  # threads that never wait here, so that the website goes on answering
waiters = threading.BoundedSemaphore(max(1, settings.WEB_THREADS - KEPT_FREE))


class TokenSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="Send it as `Authorization: Bearer <token>`; it lasts an hour.")
    userId = serializers.CharField()  # noqa: N815 (the name that scripts expect)


class LoginView(OpenView):
    @extend_schema(request=CredentialsSerializer, responses=TokenSerializer, tags=["simple"])
    def post(self, request: Request) -> Response:
        """Sign in."""
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
        parameters=[
            OpenApiParameter(
                "Prefer", location="header", required=False, description="`respond-async`: do not wait."
            )
        ],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            202: OpenApiResponse(LiveSeparationSerializer, "On its way; `Location` says where to look."),
        },
        tags=["simple"],
    )
    def post(self, request: Request) -> HttpResponseBase:
        """A song in, a zip of its stems out. A song that is known comes back at once."""
        sent = SeparateSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        wanted: dict[str, Any] = sent.validated_data
        encoding(request, wanted)  # said before the song is taken in
        spec = model_with(wanted.pop("stems"))
        user = account(request)
        track = take_in(wanted["audio"], user, wanted).track
        separation = ask(track, spec.slug, user).separation
        seen = Seen(separation, track)
        if prefers_not_to_wait(request):
            return self._later(request, seen, asked=True)
        finished = wait(separation)
        if finished is None:
            return self._later(request, seen)
        return self._answer(request, Seen(finished, track), wanted)

    def _answer(self, request: Request, seen: Seen, wanted: dict[str, Any]) -> HttpResponseBase:
        if seen.separation.status == Status.SUCCEEDED:
            return archive_answer(seen, request, wanted)
        if seen.separation.status == Status.FAILED:
            raise CatalogError(seen.separation.error_code or "failed", explain(seen.separation), status=422)
        raise CatalogError("cancelled", _("This separation was stopped."), status=409)

    def _later(self, request: Request, seen: Seen, *, asked: bool = False) -> Response:
        fresh = Seen(Separation.objects.get(pk=seen.separation.pk), Track.objects.get(pk=seen.track.pk))
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


def prefers_not_to_wait(request: Request) -> bool:
    """``Prefer: respond-async`` (RFC 7240)."""
    preferences = request.headers.get("Prefer", "").lower().replace(";", ",").split(",")
    return "respond-async" in (preference.strip() for preference in preferences)


def wait(separation: Separation) -> Separation | None:
    """The separation once it is finished; ``None`` when it takes longer than anybody may wait here."""
    if separation.is_finished:
        return separation
    if not waiters.acquire(blocking=False):
        return None
    try:
        deadline = time.monotonic() + settings.SIMPLE_WAIT_SECONDS
        pause = FIRST_LOOK_SECONDS
        while time.monotonic() < deadline:
            time.sleep(pause)
            now = Separation.objects.get(pk=separation.pk)
            if now.is_finished:
                return now
            pause = min(pause * 1.5, LAST_LOOK_SECONDS)
    finally:
        waiters.release()
    return None
