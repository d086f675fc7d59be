"""HTTP for oEmbed (https://oembed.com): what to show where somebody links to a thread's page."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reader import addresses, described, pages, views
from reader.site import NOINDEX, Site


@dataclass(frozen=True, slots=True)
class Embedding:
    site: Site

    def get(self, request: Request) -> Response:
        """404 for what is no page of ours, or none that may be shown now; 501 for XML, as oEmbed asks."""
        if request.query_params.get("format", "json") != "json":
            return self._say("only JSON is spoken here", 501)
        number = self._thread(request.query_params.get("url", ""))
        page = None if number is None else self._page(number)
        if page is None:
            return self._say("no page of this site", 404)
        return JSONResponse(described.oembed(page, self.site.public_url), headers=self._headers())

    def _thread(self, url: str) -> int | None:
        start = f"{self.site.public_url}/thread/"
        return addresses.post_id(url.removeprefix(start)) if url.startswith(start) else None

    def _page(self, number: int) -> views.ThreadPage | None:
        stamp = self.site.store.threads.stamp(number)
        if stamp is None or stamp.gone or self.site.hides(stamp.confirmed_at):
            return None
        saved = self.site.store.threads.find(number)
        return None if saved is None or saved.gone else pages.thread_page(saved)

    def _headers(self) -> dict[str, str]:
        """Anybody's page may read it, as oEmbed is meant to be."""
        seconds = int(described.CACHE_AGE.total_seconds())
        return {
            "Cache-Control": f"public, max-age={seconds}",
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            **NOINDEX,
        }

    def _say(self, why: str, status: int) -> Response:
        headers = {"Cache-Control": "no-store", **NOINDEX}
        return Response(f"{why}\n", status, headers, media_type="text/plain")
