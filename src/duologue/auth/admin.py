"""What an administrator sees of accounts and logins."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from duologue.auth.models import Handle, LoginSession, User
from duologue.contract.usernames import fold


class NewAccountForm(AdminUserCreationForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A new account. A handle that was ever given away is taken."""

    class Meta(AdminUserCreationForm.Meta):
        """Django's options."""

        model = User
        fields = ("username", "email")

    def clean_username(self) -> str:
        """Return the folded name. Raise ValidationError when somebody has or had it."""
        username = fold(self.cleaned_data["username"])
        if Handle.objects.filter(pk=username).exists():
            raise ValidationError("This username is already taken.", code="username_taken")
        return username


class AccountForm(UserChangeForm):  # type: ignore[type-arg]  # generic in the stubs only
    """An account that exists."""

    class Meta(UserChangeForm.Meta):
        """Django's options."""

        model = User


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Accounts. A new password or a deactivation ends every login; a deleted account's name stays taken."""

    form = AccountForm
    add_form = NewAccountForm
    list_display = ("username", "email", "is_active", "is_staff", "date_joined", "last_login")
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "email", "usable_password", "password1", "password2")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Return what cannot be changed: rooms and messages name their people by username."""
        fixed = [str(name) for name in super().get_readonly_fields(request, obj)]
        return fixed if obj is None else [*fixed, "username"]

    def get_deleted_objects(
        self, objs: QuerySet[User] | Sequence[User], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Return what goes with accounts: their logins too, which nobody can remove by themselves."""
        shown, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return shown, counts, lacking - {str(LoginSession._meta.verbose_name)}, protected


@admin.register(LoginSession)
class LoginAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Logins, to look at and to end."""

    list_display = ("id", "user", "created_at", "last_used_at", "expires_at", "ended_at", "ended_because")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    fields = (*list_display, "user_agent")
    readonly_fields = fields
    actions = ("end_selected",)

    @admin.action(description="End selected logins")
    def end_selected(self, request: HttpRequest, chosen: QuerySet[LoginSession]) -> None:
        """End logins."""
        LoginSession.objects.filter(pk__in=chosen.values("pk")).end("administrator")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether a login can be made here: only by logging in."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LoginSession | None = None) -> bool:
        """Tell whether a login can be removed: it is ended, and housekeeping removes it."""
        return False
