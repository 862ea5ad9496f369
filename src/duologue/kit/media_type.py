"""Whether a body may be read as JSON."""


def is_json(content_type: str, origin: str | None) -> bool:
    """Tell by the headers `Content-Type` (empty: there is none) and `Origin` (None: there is none).

    A small program that declares nothing is believed. A page is not: it can send another site a body without a type
    and without asking first (a Blob has none), and could use up the throttles of whoever looks at it, or reach into
    their network. Every browser says where such a request comes from.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (not media_type and origin is None)
