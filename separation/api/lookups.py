"""Look-ups of files by checksum, and proofs that somebody has the file."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle

from accounts.current_user import account
from catalog.errors import CatalogError
from catalog.uploads.checksum_lookup import challenge, prove
from catalog.uploads.ingest import lookup
from catalog.uploads.ownership import holds
from separation.api.serializers import SeparatedTrackSerializer
from separation.api.tracks import TrackMixin

SHA256 = r"^[0-9a-fA-F]{64}$"


class LookupSerializer(serializers.Serializer[Any]):
    checksum = serializers.RegexField(SHA256, help_text="SHA-256 of the file's bytes.")


class RangeSerializer(serializers.Serializer[Any]):
    offset = serializers.IntegerField(min_value=0, help_text="In bytes, from the beginning of the file.")
    length = serializers.IntegerField(min_value=1)


class ChallengeSerializer(serializers.Serializer[Any]):
    """Answered at `lookups/proof/` by the SHA-256 of the nonce's 32 bytes and the bytes of all ranges, in order."""

    token = serializers.CharField(help_text="To be sent back as it is.")
    nonce = serializers.RegexField(SHA256)
    ranges = RangeSerializer(many=True)
    expires_at = serializers.DateTimeField()


class FoundSerializer(serializers.Serializer[Any]):
    """``yours``: you brought this song already. Else ``proof`` is what to answer to have it without sending the file;
    null where only the file will do, since the same audio is stored in another file."""

    track = SeparatedTrackSerializer()
    yours = serializers.BooleanField()
    proof = ChallengeSerializer(allow_null=True)


class ProofSerializer(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=2_000, help_text="From the look-up.")
    digest = serializers.RegexField(SHA256, help_text="SHA-256 of nonce and bytes, in hexadecimal.")
    filename = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=1_000, help_text="What the file is called."
    )


class ProvedSerializer(serializers.Serializer[Any]):
    track = SeparatedTrackSerializer()


class LookupView(TrackMixin):
    @extend_schema(
        request=LookupSerializer,
        responses={200: FoundSerializer, 404: OpenApiResponse(description="Not known: send the file.")},
    )
    def post(self, request: Request) -> Response:
        """Ask whether these bytes are known before sending them. Changes nothing.

        To have the song in your library, where it stays for you when others let go of it, answer `proof`.
        """
        sent = LookupSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        checksum, user = sent.validated_data["checksum"], account(request)
        track = lookup(checksum, user)
        if track is None:
            raise Http404
        issued = challenge(track, checksum, user)
        proof = issued and {
            "token": issued.token,
            "nonce": issued.nonce,
            "ranges": [{"offset": offset, "length": length} for offset, length in issued.ranges],
            "expires_at": issued.expires_at,
        }
        found = {"track": self.represent_current(track), "yours": holds(track, user)}
        return Response({**found, "proof": proof and ChallengeSerializer(proof).data})


class FailedProofs(ScopedRateThrottle):
    """Counts wrong answers only."""

    def throttle_success(self) -> bool:
        return True

    def count(self) -> None:
        self.history.insert(0, self.now)
        self.cache.set(self.key, self.history, self.duration)  # type: ignore[attr-defined]  # parsed from the rate


class ProofView(TrackMixin):
    @extend_schema(
        request=ProofSerializer,
        responses={
            200: ProvedSerializer,
            403: OpenApiResponse(description="`proof_failed`: these are not the file's bytes."),
            404: OpenApiResponse(description="No longer there: send the file."),
            409: OpenApiResponse(description="`proof_expired`: look the file up again."),
        },
        operation_id="lookups_prove",
    )
    def post(self, request: Request) -> Response:
        """Prove that you have a file that was looked up: its song is yours from now on, as if you had sent it."""
        sent = ProofSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        self.throttle_scope = "proofs"
        failed = FailedProofs()
        if not failed.allow_request(request, self):
            raise Throttled(failed.wait())
        try:
            track = prove(**sent.validated_data, user=account(request))
        except CatalogError as error:
            if error.code == "proof_failed":
                failed.count()
            raise
        if track is None:
            raise Http404
        return Response({"track": self.represent_current(track)})
