"""What an operator does from the command line."""

from duologue.auth.settings import AuthSettings
from duologue.kit.settings import SettingsError


def migrate(settings: AuthSettings) -> None:
    """Bring the database to this version's schema."""
    from duologue.auth.django_settings import set_up  # noqa: PLC0415 - imports Django, which a command may not need

    set_up(settings)

    from duologue.auth.schema import migrate_if_needed  # noqa: PLC0415 - needs Django set up

    migrate_if_needed(settings)


def create_admin(settings: AuthSettings, username: str, email: str, password: str) -> None:
    """Make an account that may use /admin/. Raise SettingsError that says what is wrong with which argument."""
    migrate(settings)

    from django.contrib.auth.password_validation import validate_password  # noqa: PLC0415 - as above
    from django.core.exceptions import ValidationError  # noqa: PLC0415 - as above

    from duologue.auth.models import User  # noqa: PLC0415 - as above
    from duologue.contract.usernames import fold  # noqa: PLC0415 - as above
    from duologue.kit.problem import Problem  # noqa: PLC0415 - as above

    admin = User(username=fold(username), email=email.lower(), is_staff=True, is_superuser=True)
    try:
        validate_password(password, admin)
        admin.set_password(password)
        admin.full_clean()
        admin.save()
    except ValidationError as error:
        raise SettingsError(" ".join(error.messages)) from None
    except Problem as problem:
        raise SettingsError("; ".join(why for reasons in (problem.errors or {}).values() for why in reasons)) from None


def rotate_key(settings: AuthSettings) -> str:
    """Make a new signing key and return its `kid`; a running service publishes it at once and signs with it later."""
    from duologue.auth.signing import make_key  # noqa: PLC0415 - imports cryptography, which a command may not need

    return make_key(settings.keys)
