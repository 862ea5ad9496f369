"""The protocol's documents, served as JSON and as a page that a person can read.

`protocol/` is the truth (OpenAPI, AsyncAPI, codes). The page is made from it on the first request: static HTML without
a script, so that it can live under the strictest content security policy and loads nothing from anywhere else.
"""

from duologue.kit.documents.files import DocumentsMissingError, read
from duologue.kit.documents.routes import index_routes, routes

__all__ = ["DocumentsMissingError", "index_routes", "read", "routes"]
