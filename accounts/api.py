"""API: registration, tokens and one's own profile."""

from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as PasswordError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import RetrieveAPIView
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.current_user import account
from accounts.models import User
from accounts.registration import AddressTakenError, register
from accounts.tokens import check_password, pair_for, revoke, rotate

MAX_PASSWORD = 1_000  # characters; bounds the cost of hashing


def password_field() -> serializers.CharField:
    return serializers.CharField(
        max_length=MAX_PASSWORD, trim_whitespace=False, write_only=True, style={"input_type": "password"}
    )


class RegistrationSerializer(serializers.Serializer[User]):
    email = serializers.EmailField(max_length=254)
    password = password_field()
    display_name = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        person = User(email=attrs["email"], display_name=attrs["display_name"])
        try:
            validate_password(attrs["password"], person)
        except PasswordError as error:
            raise serializers.ValidationError({"password": error.messages}) from error
        return attrs


class RegisteredSerializer(serializers.Serializer[dict[str, Any]]):
    """``id`` is null where addresses are confirmed by e-mail, so that a known one looks like a new one."""

    id = serializers.UUIDField(allow_null=True)
    email = serializers.EmailField()
    display_name = serializers.CharField()
    confirm_by_email = serializers.BooleanField()


class CredentialsSerializer(serializers.Serializer[User]):
    email = serializers.CharField(max_length=254)
    password = password_field()


class PairSerializer(serializers.Serializer[User]):
    access = serializers.CharField()
    refresh = serializers.CharField()


class RefreshSerializer(serializers.Serializer[User]):
    refresh = serializers.CharField(max_length=5_000)


class QuotaSerializer(serializers.Serializer[User]):
    used = serializers.IntegerField(help_text="Bytes.")
    limit = serializers.IntegerField(help_text="Bytes.")


class OwnStatisticsSerializer(serializers.Serializer[User]):
    uploads = serializers.IntegerField()
    tracks = serializers.IntegerField()
    separations = serializers.IntegerField()


class MeSerializer(serializers.ModelSerializer[User]):
    id = serializers.UUIDField(read_only=True)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, allow_blank=True, required=False)
    quota = serializers.SerializerMethodField()
    statistics = serializers.SerializerMethodField(help_text="What you brought and asked for.")

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "display_name",
            "language",
            "mail_notices",
            "date_joined",
            "quota",
            "statistics",
        ]
        read_only_fields = ["email", "date_joined"]

    @extend_schema_field(QuotaSerializer)
    def get_quota(self, user: User) -> dict[str, int]:
        return {"used": user.stored_bytes, "limit": settings.QUOTA_BYTES}

    @extend_schema_field(OwnStatisticsSerializer)
    def get_statistics(self, user: User) -> dict[str, int]:
        return {
            "uploads": user.uploads.count(),
            "tracks": user.tracks.count(),
            "separations": user.separation_requests.count(),
        }


class OpenView(APIView):
    """Base of calls that need no account and ignore an expired token that is sent along."""

    authentication_classes = []
    permission_classes = [AllowAny]
    parser_classes = [*APIView.parser_classes, FormParser]

    def get_authenticate_header(self, request: Request) -> str:  # noqa: ARG002 (REST framework's signature)
        return 'Bearer realm="api"'


class RegisterView(OpenView):
    throttle_scope = "register"

    @extend_schema(
        request=RegistrationSerializer,
        responses={201: RegisteredSerializer},
        tags=["auth"],
        operation_id="auth_register",
    )
    def post(self, request: Request) -> Response:
        """Make an account."""
        if not settings.REGISTRATION:
            raise PermissionDenied(
                _("The administrator of this library creates the accounts."), "registration_closed"
            )
        sent = RegistrationSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            user = register(request._request, **sent.validated_data)  # noqa: SLF001 (mails need Django's request)
        except AddressTakenError as error:
            raise serializers.ValidationError(
                {"email": [_("This address already has an account.")]}
            ) from error
        is_verified_first = settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory"
        answer = {
            "id": None if is_verified_first or user is None else str(user.pk),
            "email": sent.validated_data["email"].strip().lower(),
            "display_name": sent.validated_data["display_name"],
            "confirm_by_email": is_verified_first,
        }
        return Response(RegisteredSerializer(answer).data, status=201)


class TokenView(OpenView):
    @extend_schema(
        request=CredentialsSerializer,
        responses={200: PairSerializer},
        tags=["auth"],
        operation_id="auth_token",
    )
    def post(self, request: Request) -> Response:
        """Sign in with tokens: an access token for an hour and a refresh token for a month."""
        sent = CredentialsSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return Response(pair_for(check_password(request, **sent.validated_data)))


class RefreshView(OpenView):
    @extend_schema(
        request=RefreshSerializer, responses={200: PairSerializer}, tags=["auth"], operation_id="auth_refresh"
    )
    def post(self, request: Request) -> Response:
        """Exchange a refresh token, once, for the next pair."""
        sent = RefreshSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return Response(rotate(sent.validated_data["refresh"]))


class BlacklistView(OpenView):
    @extend_schema(
        request=RefreshSerializer,
        responses={200: OpenApiResponse(description="Signed out.")},
        tags=["auth"],
        operation_id="auth_sign_out",
    )
    def post(self, request: Request) -> Response:
        """Sign out. The refresh token opens nothing any more."""
        sent = RefreshSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        revoke(sent.validated_data["refresh"])
        return Response({})


class MeView(RetrieveAPIView[User]):
    """Show your profile, how much you store, and what you did."""

    serializer_class = MeSerializer

    def get_object(self) -> User:
        return account(self.request)

    @extend_schema(request=MeSerializer(partial=True), responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        """Change your profile: your name, your language, and whether you are told by e-mail."""
        serializer = self.get_serializer(self.get_object(), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)


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
