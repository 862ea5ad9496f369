"""`/healthz`: the process is alive. `/readyz`: it can do its work."""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

Checks = Mapping[str, Callable[[], bool]]


def routes(checks: Checks) -> list[BaseRoute]:
    """Return the two routes; `checks` says by name what must be true for readiness."""

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})

    async def ready(_: Request) -> Response:
        results = {name: check() for name, check in checks.items()}
        good = all(results.values())
        body = {"status": "ok" if good else "unavailable", "checks": results}
        return JSONResponse(body, 200 if good else 503, headers={"cache-control": "no-store"})

    return [Route("/healthz", alive), Route("/readyz", ready)]
