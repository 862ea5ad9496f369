"""Our own rule for passwords, beside Django's."""

from django.core.exceptions import ValidationError

MAX_BYTES = 1024


class BoundedLengthValidator:
    """Refuses what is longer than anybody types, whole: cutting it would let two passwords open one account."""

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError for more than 1,024 bytes of UTF-8."""
        if len(password.encode()) > MAX_BYTES:
            raise ValidationError(
                f"This password is too long. It may have {MAX_BYTES} bytes at most.", code="password_too_long"
            )

    def get_help_text(self) -> str:
        """Return the rule as a sentence."""
        return f"Your password may have {MAX_BYTES} bytes at most."
