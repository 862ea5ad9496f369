"""The Django application."""

from django.apps import AppConfig


class AuthConfig(AppConfig):
    """Accounts and logins. The label is our own: `auth` is Django's."""

    name = "duologue.auth"
    label = "duologue_auth"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"
