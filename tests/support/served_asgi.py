"""The app of `served_app` for servers that speak ASGI: `tests.support.served_asgi:asgi`."""

from a2wsgi import WSGIMiddleware

from tests.support.served_app import app

asgi = WSGIMiddleware(app, workers=10)  # type: ignore[arg-type]  # it names the environ otherwise than WSGI's own types
