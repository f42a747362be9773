"""Which privilege each API needs: the native action names that Elasticsearch decides on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ADMIN = "cluster:admin/xpack/ml/"
_MONITOR = "cluster:monitor/xpack/ml/"

# API name of the public specification -> action. `cluster:monitor/xpack/ml/...` needs monitor_ml,
# `cluster:admin/xpack/ml/...` manage_ml, other `cluster:monitor/...` monitor. All APIs are here,
# served or not: a new route needs a handler and nothing else.
ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "info": "cluster:monitor/main",
        "ping": "cluster:monitor/main",
        "tasks.get": "cluster:monitor/task/get",
        # Jobs
        "ml.close_job": f"{_ADMIN}job/close",
        "ml.delete_expired_data": f"{_ADMIN}delete_expired_data",
        "ml.delete_forecast": f"{_ADMIN}job/forecast/delete",
        "ml.delete_job": f"{_ADMIN}job/delete",
        "ml.estimate_model_memory": f"{_ADMIN}job/estimate_model_memory",
        "ml.flush_job": f"{_ADMIN}job/flush",
        "ml.forecast": f"{_ADMIN}job/forecast",
        "ml.get_job_stats": f"{_MONITOR}job/stats/get",
        "ml.get_jobs": f"{_MONITOR}job/get",
        "ml.open_job": f"{_ADMIN}job/open",
        "ml.post_data": f"{_ADMIN}job/data/post",
        "ml.put_job": f"{_ADMIN}job/put",
        "ml.reset_job": f"{_ADMIN}job/reset",
        "ml.update_job": f"{_ADMIN}job/update",
        "ml.validate": f"{_ADMIN}job/validate",
        "ml.validate_detector": f"{_ADMIN}job/validate/detector",
        # Results
        "ml.get_buckets": f"{_MONITOR}job/results/buckets/get",
        "ml.get_categories": f"{_MONITOR}job/results/categories/get",
        "ml.get_influencers": f"{_MONITOR}job/results/influencers/get",
        "ml.get_overall_buckets": f"{_MONITOR}job/results/overall_buckets/get",
        "ml.get_records": f"{_MONITOR}job/results/records/get",
        # Model snapshots
        "ml.delete_model_snapshot": f"{_ADMIN}job/model_snapshots/delete",
        "ml.get_model_snapshot_upgrade_stats": f"{_MONITOR}job/model_snapshots/upgrade/stats/get",
        "ml.get_model_snapshots": f"{_MONITOR}job/model_snapshots/get",
        "ml.revert_model_snapshot": f"{_ADMIN}job/model_snapshots/revert",
        "ml.update_model_snapshot": f"{_ADMIN}job/model_snapshots/update",
        "ml.upgrade_job_snapshot": f"{_ADMIN}job/model_snapshots/upgrade",
        # Datafeeds; starting and stopping are named in the singular
        "ml.delete_datafeed": f"{_ADMIN}datafeeds/delete",
        "ml.get_datafeed_stats": f"{_MONITOR}datafeeds/stats/get",
        "ml.get_datafeeds": f"{_MONITOR}datafeeds/get",
        "ml.preview_datafeed": f"{_ADMIN}datafeeds/preview",
        "ml.put_datafeed": f"{_ADMIN}datafeeds/put",
        "ml.start_datafeed": f"{_ADMIN}datafeed/start",
        "ml.stop_datafeed": f"{_ADMIN}datafeed/stop",
        "ml.update_datafeed": f"{_ADMIN}datafeeds/update",
        # Calendars
        "ml.delete_calendar": f"{_ADMIN}calendars/delete",
        "ml.delete_calendar_event": f"{_ADMIN}calendars/events/delete",
        "ml.delete_calendar_job": f"{_ADMIN}calendars/jobs/update",
        "ml.get_calendar_events": f"{_MONITOR}calendars/events/get",
        "ml.get_calendars": f"{_MONITOR}calendars/get",
        "ml.post_calendar_events": f"{_ADMIN}calendars/events/post",
        "ml.put_calendar": f"{_ADMIN}calendars/put",
        "ml.put_calendar_job": f"{_ADMIN}calendars/jobs/update",
        # Filters: what is in them may be nobody else's business
        "ml.delete_filter": f"{_ADMIN}filters/delete",
        "ml.get_filters": f"{_ADMIN}filters/get",
        "ml.put_filter": f"{_ADMIN}filters/put",
        "ml.update_filter": f"{_ADMIN}filters/update",
        # Data frame analytics. The specification says monitor_ml for explain and preview, but
        # their actions are of the admin kind, and that is what a cluster decides on.
        "ml.delete_data_frame_analytics": f"{_ADMIN}data_frame/analytics/delete",
        "ml.evaluate_data_frame": f"{_MONITOR}data_frame/evaluate",
        "ml.explain_data_frame_analytics": f"{_ADMIN}data_frame/analytics/explain",
        "ml.get_data_frame_analytics": f"{_MONITOR}data_frame/analytics/get",
        "ml.get_data_frame_analytics_stats": f"{_MONITOR}data_frame/analytics/stats/get",
        "ml.preview_data_frame_analytics": f"{_ADMIN}data_frame/analytics/preview",
        "ml.put_data_frame_analytics": f"{_ADMIN}data_frame/analytics/put",
        "ml.start_data_frame_analytics": f"{_ADMIN}data_frame/analytics/start",
        "ml.stop_data_frame_analytics": f"{_ADMIN}data_frame/analytics/stop",
        "ml.update_data_frame_analytics": f"{_ADMIN}data_frame/analytics/update",
        # Trained models
        "ml.clear_trained_model_deployment_cache": f"{_ADMIN}trained_models/deployment/clear_cache",
        "ml.delete_trained_model": f"{_ADMIN}inference/delete",
        "ml.delete_trained_model_alias": f"{_ADMIN}inference/model_aliases/delete",
        "ml.get_trained_models": f"{_MONITOR}inference/get",
        "ml.get_trained_models_stats": f"{_MONITOR}inference/stats/get",
        "ml.infer_trained_model": f"{_MONITOR}inference/infer",
        "ml.put_trained_model": f"{_ADMIN}inference/put",
        "ml.put_trained_model_alias": f"{_ADMIN}inference/model_aliases/put",
        "ml.put_trained_model_definition_part": f"{_ADMIN}trained_models/part/put",
        "ml.put_trained_model_vocabulary": f"{_ADMIN}trained_models/vocabulary/put",
        "ml.start_trained_model_deployment": f"{_ADMIN}trained_models/deployment/start",
        "ml.stop_trained_model_deployment": f"{_ADMIN}trained_models/deployment/stop",
        "ml.update_trained_model_deployment": f"{_ADMIN}trained_models/deployment/update",
        # Information; tables ask for what they show
        "cat.ml_data_frame_analytics": f"{_MONITOR}data_frame/analytics/get",
        "cat.ml_datafeeds": f"{_MONITOR}datafeeds/stats/get",
        "cat.ml_jobs": f"{_MONITOR}job/stats/get",
        "cat.ml_trained_models": f"{_MONITOR}inference/get",
        "ml.get_memory_stats": f"{_MONITOR}memory/stats/get",
        "ml.info": f"{_MONITOR}info/get",
        "ml.set_upgrade_mode": f"{_ADMIN}upgrade_mode",
    }
)

# Admin actions that change nothing.
_QUESTIONS = frozenset(
    {
        "ml.estimate_model_memory",
        "ml.explain_data_frame_analytics",
        "ml.get_filters",
        "ml.preview_data_frame_analytics",
        "ml.preview_datafeed",
        "ml.validate",
        "ml.validate_detector",
    }
)


def changes(api: str) -> bool:
    """Whether an API changes something, so that it is worth a line in the audit log."""
    return ACTIONS[api].startswith(_ADMIN) and api not in _QUESTIONS
