"""Results of a job over HTTP."""

from __future__ import annotations

from sidecar.api.anomaly_detectors import BASE
from sidecar.api.rest import Answer, BodyKind, RestRequest, Route
from sidecar.interfaces import Page, ResultsQuery
from sidecar.schema.results_parameters import ResultsParameters, parse_results_query
from sidecar.services.services import Services


def get_buckets(services: Services, request: RestRequest) -> Answer:
    """Buckets of a time range, or the one at a time."""
    parameters = _parameters("buckets", services, request)
    page = services.results.buckets(
        request.path["job_id"], _query(parameters), expand=parameters.expand
    )
    return _answer("buckets", page)


def get_records(services: Services, request: RestRequest) -> Answer:
    """Anomaly records."""
    query = _query(_parameters("records", services, request))
    return _answer("records", services.results.records(request.path["job_id"], query))


def get_influencers(services: Services, request: RestRequest) -> Answer:
    """Influencers."""
    query = _query(_parameters("influencers", services, request))
    return _answer("influencers", services.results.influencers(request.path["job_id"], query))


def _parameters(kind: str, services: Services, request: RestRequest) -> ResultsParameters:
    return parse_results_query(
        kind,
        request.body,
        request.query,
        now_ms=services.clock(),
        timestamp=request.path.get("timestamp"),
    )


def _query(parameters: ResultsParameters) -> ResultsQuery:
    return ResultsQuery(**parameters.query_members())


def _answer(kind: str, page: Page) -> Answer:
    return Answer({"count": page.count, kind: list(page.documents)})


_PAGING = frozenset({"desc", "end", "exclude_interim", "from", "size", "sort", "start"})
_BUCKETS = _PAGING | {"anomaly_score", "expand", "timestamp"}
_RESULTS = f"{BASE}/{{job_id}}/results"
_METHODS = ("GET", "POST")

ROUTES = (
    Route(
        "ml.get_buckets",
        _METHODS,
        f"{_RESULTS}/buckets",
        get_buckets,
        _BUCKETS,
        BodyKind.OPTIONAL,
    ),
    Route(
        "ml.get_buckets",
        _METHODS,
        f"{_RESULTS}/buckets/{{timestamp}}",
        get_buckets,
        _BUCKETS,
        BodyKind.OPTIONAL,
    ),
    Route(
        "ml.get_records",
        _METHODS,
        f"{_RESULTS}/records",
        get_records,
        _PAGING | {"record_score"},
        BodyKind.OPTIONAL,
    ),
    Route(
        "ml.get_influencers",
        _METHODS,
        f"{_RESULTS}/influencers",
        get_influencers,
        _PAGING | {"influencer_score"},
        BodyKind.OPTIONAL,
    ),
)
