"""Every refusal of chat's, by its stable code."""

from duologue.kit.problem import Problem, invalid

__all__ = [
    "Problem",
    "auth_unavailable",
    "client_id_reused",
    "edit_too_late",
    "invalid",
    "key_not_known_yet",
    "key_withdrawn",
    "message_deleted",
    "no_such_message",
    "not_a_participant",
    "not_found",
    "not_the_author",
    "outcome_unknown",
    "overloaded",
    "rate_limited",
    "resync_required",
    "sender_mismatch",
    "session_ended",
    "token_missing",
    "too_many_waiting",
]


def not_found() -> Problem:
    """Refuse in one way what is not there and what is not the caller's: nobody learns which rooms exist."""
    return Problem(404, "not_found", "There is no such room, or you are not in it.")


def token_missing() -> Problem:
    """Refuse a request without a token."""
    return Problem(401, "token_missing", "Send the access token: Authorization: Bearer <access>.")


def session_ended() -> Problem:
    """Refuse a token that is good by signature and clock, and whose login is over."""
    return Problem(401, "session_ended", "This session has ended; log in again.")


def key_withdrawn() -> Problem:
    """Refuse a token whose signature has become worthless."""
    return Problem(401, "token_invalid", "This access token's key was withdrawn; refresh it, or log in again.")


def not_a_participant() -> Problem:
    """Refuse a room between two other people."""
    return Problem(403, "not_a_participant", "You can only open a room that you are in yourself.")


def sender_mismatch() -> Problem:
    """Refuse to speak for somebody else."""
    return Problem(403, "sender_mismatch", "The sender is not the one whom the token names.")


def client_id_reused() -> Problem:
    """Refuse another message under an id that has its message."""
    return Problem(409, "client_id_reused", "This client_id already belongs to another message of yours in this room.")


def no_such_message() -> Problem:
    """Refuse what concerns a message that the room does not have."""
    return Problem(404, "not_found", "There is no such message in this room.")


def not_the_author() -> Problem:
    """Refuse to change what somebody else said."""
    return Problem(403, "not_the_author", "Only its author can change a message.")


def message_deleted() -> Problem:
    """Refuse new words for a message that was deleted."""
    return Problem(409, "message_deleted", "This message was deleted.")


def edit_too_late() -> Problem:
    """Refuse to change a message that has become too old."""
    return Problem(403, "edit_too_late", "This message is too old to be changed.")


def resync_required() -> Problem:
    """Say that a cursor is of another database."""
    return Problem(410, "resync_required", "This cursor is of another database; drop what you have of the room.")


def rate_limited(wait: float) -> Problem:
    """Refuse for now; `wait` in seconds."""
    return Problem(429, "rate_limited", "Too many at once; slow down a little.", retry_after=wait)


def too_many_waiting() -> Problem:
    """Refuse one more socket from where many have come that show no token."""
    return Problem(
        429, "too_many_sockets", "Too many sockets from this address have shown no token yet.", retry_after=5
    )


def auth_unavailable() -> Problem:
    """Say that the other service is away."""
    return Problem(503, "auth_unavailable", "The account service does not answer; try again.", retry_after=2)


def key_not_known_yet() -> Problem:
    """Say that auth must be asked for a token's key, and was asked a moment ago."""
    return Problem(503, "auth_unavailable", "The token's key is not known here yet; try again.", retry_after=2)


def overloaded() -> Problem:
    """Say that more waits for the disk than is reasonable; nothing was stored."""
    return Problem(503, "overloaded", "Too much is waiting to be stored; try again.", retry_after=1)


def outcome_unknown() -> Problem:
    """Say that the message may or may not be stored: a failed commit is not a rollback."""
    return Problem(
        503,
        "outcome_unknown",
        "It is not known whether this was stored; try again with the same client_id and it will be, once.",
        retry_after=1,
    )
