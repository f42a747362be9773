"""The Flask application: routes in, answers out; nothing here knows what an operation means."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable

from flask import Flask, Response, g, request
from werkzeug.routing import Rule

from sidecar import messages
from sidecar.api.audit_log import audit_log
from sidecar.api.body import RequestBody, linger
from sidecar.api.caller import OPAQUE_ID, caller_of, trace_id
from sidecar.api.error_handlers import register_error_handlers
from sidecar.api.media_types import answer_type, require_readable
from sidecar.api.parameters import refuse_unknown
from sidecar.api.rendering import Presentation
from sidecar.api.rest import Answer, BodyKind, RestRequest, Route
from sidecar.api.routes import ROUTES
from sidecar.errors import IllegalArgumentError, ParseError
from sidecar.services.services import Services
from sidecar.settings import Settings

PRODUCT = "Elasticsearch"
# Who warns, as Elasticsearch names itself in Warning headers.
_WARNING_AGENT = "Elasticsearch-8.19.0"
# How long a caller may go on sending a body that was refused, so that it comes to read why.
_LINGER_S = 30.0


def create_app(services: Services, settings: Settings, routes: Iterable[Route] = ROUTES) -> Flask:
    """The application that serves `routes` with these services."""
    app = Flask("sidecar", static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    for route in routes:
        endpoint = f"{'|'.join(route.methods)} {route.path}"
        rule = Rule(route.path.replace("{", "<").replace("}", ">"), endpoint=endpoint)
        # Given to the constructor, GET would bring HEAD along.
        rule.methods = set(route.methods)
        app.url_map.add(rule)
        app.view_functions[endpoint] = _view(route, services, settings)
    app.before_request(_before_request)
    app.after_request(_after_request(settings))
    app.after_request(audit_log(services.privileges))
    register_error_handlers(app)
    return app


def _before_request() -> None:
    """What even a refused request is answered with."""
    g.trace_id = trace_id(request.headers) or secrets.token_hex(8)
    g.body = RequestBody(
        request.stream,
        length=request.content_length,
        chunked="chunked" in request.headers.get("Transfer-Encoding", "").lower(),
        encoding=request.headers.get("Content-Encoding"),
    )
    g.presentation = Presentation.of(_query())
    g.answer_type = answer_type(request.headers.get("Accept"), request.args.get("format"))


def _view(route: Route, services: Services, settings: Settings) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        g.deprecation = route.deprecation
        g.api = route.api
        caller = caller_of(request.headers)
        services.privileges.require(caller, route.api)
        g.admitted = True
        query = _query()
        refuse_unknown(request.path, query, route.query_parameters | {*route.path_parameters})
        rest_request = _with_body(route, RestRequest(caller, path, query), settings)
        return _respond(route.handler(services, rest_request))

    return view


def _query() -> dict[str, str]:
    """Query parameters; of one given several times the last counts."""
    return {name: values[-1] for name, values in request.args.lists()}


def _with_body(route: Route, rest_request: RestRequest, settings: Settings) -> RestRequest:
    body: RequestBody = g.body
    content_type = request.headers.get("Content-Type")
    if body.is_present and route.body is not BodyKind.NONE:
        require_readable(content_type, stream=route.body is BodyKind.STREAM)
    if route.body is BodyKind.STREAM:
        return rest_request.with_pieces(body.pieces(settings.request_max_bytes))
    whole = body.whole(settings.config_max_bytes)
    if route.body is BodyKind.NONE:
        if whole:
            raise IllegalArgumentError(messages.body_not_supported(request.method, request.path))
        return rest_request
    source = rest_request.query.get("source")
    if not whole and source is not None:
        require_readable(rest_request.query.get("source_content_type"), stream=False)
        whole = source.encode()
    if not whole and route.body is BodyKind.REQUIRED:
        raise ParseError(messages.body_required())
    return rest_request.with_body(whole)


def _respond(answer: Answer) -> Response:
    presentation: Presentation = g.presentation
    body = b"" if answer.body is None else presentation.render(answer.body)
    return Response(body, status=answer.status, content_type=g.answer_type)


def _after_request(settings: Settings) -> Callable[[Response], Response]:
    def finish(response: Response) -> Response:
        response.headers["X-Elastic-Product"] = PRODUCT
        if (opaque_id := request.headers.get(OPAQUE_ID)) is not None:
            response.headers[OPAQUE_ID] = opaque_id
        if (text := g.get("deprecation")) is not None:
            response.headers["Warning"] = f'299 {_WARNING_AGENT} "{text}"'
        body: RequestBody | None = g.get("body")
        if body is not None and not body.is_exhausted:
            # What is left of the body would be taken for the next request.
            response.headers["Connection"] = "close"
            connection = request.environ.get("gunicorn.socket")
            limit = 2 * settings.request_max_bytes
            response.call_on_close(lambda: linger(body, limit, connection, _LINGER_S))
        return response

    return finish
