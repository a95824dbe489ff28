"""The service: people, photos and answers over HTTP, with keys, an audit log and a page.

`likeness serve` runs it; `likeness.service.app.make_app` makes the ASGI application for another
server. Only this package imports FastAPI.
"""
