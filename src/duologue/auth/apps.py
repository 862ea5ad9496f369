"""The Django applications."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AuthConfig(AppConfig):
    """Accounts and logins. The label is our own: `auth` is Django's."""

    name = "duologue.auth"
    label = "duologue_auth"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"


class AdminSiteConfig(AdminConfig):
    """Django's admin with our site."""

    default_site = "duologue.auth.admin_site.Site"
