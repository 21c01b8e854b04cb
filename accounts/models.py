"""The account: an e-mail address to sign in with, and a quota of stored bytes."""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Create accounts. Addresses are stored in lower case, so that one person is one row."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return (email or "").strip().lower()

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=self.normalize_email(username))


class User(AbstractBaseUser, PermissionsMixin):
    """An account. ``stored_bytes`` counts what its uploads store; see :meth:`reserve`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(
        _("e-mail address"), unique=True, error_messages={"unique": _("This address already has an account.")}
    )
    display_name = models.CharField(_("name"), max_length=80, blank=True)
    language = models.CharField(_("language"), max_length=5, blank=True, default="")
    mail_notices = models.BooleanField(
        _("e-mail me"),
        default=False,
        help_text=_("When a song I asked for is ready, and when somebody brings one I wished for."),
    )
    stored_bytes = models.PositiveBigIntegerField(_("stored bytes"), default=0, editable=False)
    is_staff = models.BooleanField(_("may use the admin panel"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        self.email = UserManager.normalize_email(self.email)

    @property
    def name(self) -> str:
        """Return what others see: the chosen name, else what stands before the @."""
        return self.display_name or self.email.partition("@")[0]

    def reserve(self, size: int, limit: int) -> bool:
        """Add ``size`` bytes to what is stored; return False, and add nothing, if that exceeds ``limit``.

        One conditional UPDATE, so that concurrent uploads cannot exceed the limit together.
        """
        rows = type(self).objects.filter(pk=self.pk, stored_bytes__lte=limit - size)
        return bool(rows.update(stored_bytes=F("stored_bytes") + size))

    def charge(self, size: int) -> None:
        """Count ``size`` bytes whatever the quota is: what somebody holds already, and nobody else pays for."""
        type(self).objects.filter(pk=self.pk).update(stored_bytes=F("stored_bytes") + size)

    def release(self, size: int) -> None:
        """Give ``size`` bytes back to the quota."""
        type(self).objects.filter(pk=self.pk, stored_bytes__gte=size).update(
            stored_bytes=F("stored_bytes") - size
        )
