"""Which privilege each API needs: the native action names that Elasticsearch decides on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sidecar.interfaces import Caller, Privileges

# API name of the public specification -> action; `cluster:monitor/...` needs monitor_ml (or
# monitor), `cluster:admin/xpack/ml/...` needs manage_ml.
ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "info": "cluster:monitor/main",
        "ping": "cluster:monitor/main",
        "tasks.get": "cluster:monitor/task/get",
        "ml.close_job": "cluster:admin/xpack/ml/job/close",
        "ml.delete_job": "cluster:admin/xpack/ml/job/delete",
        "ml.estimate_model_memory": "cluster:admin/xpack/ml/job/estimate_model_memory",
        "ml.flush_job": "cluster:admin/xpack/ml/job/flush",
        "ml.get_buckets": "cluster:monitor/xpack/ml/job/results/buckets/get",
        "ml.get_influencers": "cluster:monitor/xpack/ml/job/results/influencers/get",
        "ml.get_job_stats": "cluster:monitor/xpack/ml/job/stats/get",
        "ml.get_jobs": "cluster:monitor/xpack/ml/job/get",
        "ml.get_records": "cluster:monitor/xpack/ml/job/results/records/get",
        "ml.open_job": "cluster:admin/xpack/ml/job/open",
        "ml.post_data": "cluster:admin/xpack/ml/job/data/post",
        "ml.put_job": "cluster:admin/xpack/ml/job/put",
        "ml.update_job": "cluster:admin/xpack/ml/job/update",
    }
)


class PrivilegeGate:
    """Lets a caller through to an API, or not."""

    def __init__(self, privileges: Privileges) -> None:
        self._privileges = privileges

    def require(self, caller: Caller, api: str) -> None:
        """Raise UnauthorizedError or ForbiddenError; an API without a row is a defect."""
        self._privileges.require_cluster(caller, ACTIONS[api])
