"""HTTP caches: the browser, and a CDN in front of everything."""

from __future__ import annotations

from archnb.engines.engine import Engine

ENGINE = Engine(
    name="http",
    label="HTTP caches",
    summary="Browsers and a CDN that keep answers by their headers.",
    kinds=("cache",),
    running="edge",
    source="RFC 9111, HTTP Caching, https://www.rfc-editor.org/rfc/rfc9111",
    rank=120,
    meanings=("cdn", "browser", "edge", "varnish", "cloudfront", "cloudflare", "fastly", "nginx", "https"),
    protocol="HTTPS",
    port=443,
)
