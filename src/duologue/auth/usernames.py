"""Which usernames there are: the shared rule, and names that would mislead others if anybody could choose them."""

from django.core.exceptions import ValidationError

from duologue.contract.usernames import fold, is_wellformed

# what a stranger would take for the service itself, and what stands, or may stand one day, in an address
RESERVED = frozenset(
    """
    abuse account accounts admin administrator all anonymous api auth billing bot channel chat contact deleted duologue
    everybody everyone guest help helpdesk here hostmaster info legal login logout mail mailer-daemon me moderator
    moderators news no-reply nobody noreply null official operator owner password postmaster privacy profile register
    robot root rooms security self service settings signup staff static status subscribe superuser support sysadmin
    system team token tokens undefined unknown user username users webmaster well-known
    """.split()  # noqa: SIM905 - as a list it would be seventy lines
)

# `/api/users/profile/` is the caller: chat would take whoever asks for the account of this name
_IN_ADDRESSES = frozenset({"profile"})


def folded_or_none(username: str) -> str | None:
    """Return the stored form of what a person typed, or None when no account can have this name."""
    folded = fold(username)
    return folded if is_wellformed(folded) else None


def validate_username(username: str) -> None:
    """Raise ValidationError for a name that no account may have."""
    folded = folded_or_none(username)
    if folded is None:
        raise ValidationError("Use 3 to 30 of a-z, 0-9, '_', '.' and '-'.", code="username_malformed")
    if folded in _IN_ADDRESSES:
        raise _reserved()


def refuse_reserved(username: str) -> None:
    """Raise ValidationError for a name that nobody may choose; an operator or an administrator may give it."""
    if folded_or_none(username) in RESERVED:
        raise _reserved()


def _reserved() -> ValidationError:
    return ValidationError("This username is reserved.", code="username_reserved")
