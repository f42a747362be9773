"""Every API has an action, granted by the privilege that the API is said to need."""

from __future__ import annotations

import pytest

from sidecar.services.actions import ACTIONS, changes

# As the public specification states them.
MONITOR_ML = [
    "cat.ml_data_frame_analytics",
    "cat.ml_datafeeds",
    "cat.ml_jobs",
    "cat.ml_trained_models",
    "ml.evaluate_data_frame",
    "ml.explain_data_frame_analytics",
    "ml.get_buckets",
    "ml.get_calendar_events",
    "ml.get_calendars",
    "ml.get_categories",
    "ml.get_data_frame_analytics",
    "ml.get_data_frame_analytics_stats",
    "ml.get_datafeed_stats",
    "ml.get_datafeeds",
    "ml.get_influencers",
    "ml.get_job_stats",
    "ml.get_jobs",
    "ml.get_memory_stats",
    "ml.get_model_snapshot_upgrade_stats",
    "ml.get_model_snapshots",
    "ml.get_overall_buckets",
    "ml.get_records",
    "ml.get_trained_models",
    "ml.get_trained_models_stats",
    "ml.info",
    "ml.preview_data_frame_analytics",
]
MANAGE_ML = [
    "ml.clear_trained_model_deployment_cache",
    "ml.close_job",
    "ml.delete_calendar",
    "ml.delete_calendar_job",
    "ml.delete_data_frame_analytics",
    "ml.delete_datafeed",
    "ml.delete_expired_data",
    "ml.delete_filter",
    "ml.delete_forecast",
    "ml.delete_job",
    "ml.delete_model_snapshot",
    "ml.delete_trained_model",
    "ml.delete_trained_model_alias",
    "ml.estimate_model_memory",
    "ml.flush_job",
    "ml.forecast",
    "ml.get_filters",
    "ml.open_job",
    "ml.post_calendar_events",
    "ml.post_data",
    "ml.preview_datafeed",
    "ml.put_calendar",
    "ml.put_calendar_job",
    "ml.put_data_frame_analytics",
    "ml.put_datafeed",
    "ml.put_filter",
    "ml.put_job",
    "ml.put_trained_model",
    "ml.put_trained_model_alias",
    "ml.put_trained_model_definition_part",
    "ml.put_trained_model_vocabulary",
    "ml.reset_job",
    "ml.revert_model_snapshot",
    "ml.set_upgrade_mode",
    "ml.start_data_frame_analytics",
    "ml.start_datafeed",
    "ml.start_trained_model_deployment",
    "ml.stop_data_frame_analytics",
    "ml.stop_datafeed",
    "ml.stop_trained_model_deployment",
    "ml.update_data_frame_analytics",
    "ml.update_datafeed",
    "ml.update_filter",
    "ml.update_job",
    "ml.update_model_snapshot",
    "ml.update_trained_model_deployment",
    "ml.upgrade_job_snapshot",
]
NOT_STATED = [
    "ml.delete_calendar_event",
    "ml.infer_trained_model",
    "ml.validate",
    "ml.validate_detector",
]
# The specification says monitor_ml, the names of their actions begin with cluster:admin.
STRICTER = {"ml.explain_data_frame_analytics", "ml.preview_data_frame_analytics"}
BESIDE_ML = {"info", "ping", "tasks.get"}
ADMIN, MONITOR = "cluster:admin/xpack/ml/", "cluster:monitor/xpack/ml/"


def test_the_table_has_every_api_and_no_other() -> None:
    assert set(ACTIONS) == {*MONITOR_ML, *MANAGE_ML, *NOT_STATED, *BESIDE_ML}


@pytest.mark.parametrize("api", MANAGE_ML)
def test_what_needs_manage_ml_is_an_admin_action(api: str) -> None:
    assert ACTIONS[api].startswith(ADMIN)


@pytest.mark.parametrize("api", MONITOR_ML)
def test_what_needs_monitor_ml_is_a_monitor_action(api: str) -> None:
    assert ACTIONS[api].startswith(ADMIN if api in STRICTER else MONITOR)


@pytest.mark.parametrize("api", sorted(BESIDE_ML))
def test_what_is_not_of_ml_needs_monitor(api: str) -> None:
    assert ACTIONS[api].startswith("cluster:monitor/")
    assert not ACTIONS[api].startswith(MONITOR)


def test_names_of_actions_are_shared_by_apis_that_do_the_same() -> None:
    assert ACTIONS["ml.put_calendar_job"] == ACTIONS["ml.delete_calendar_job"]
    assert ACTIONS["cat.ml_jobs"] == ACTIONS["ml.get_job_stats"]


@pytest.mark.parametrize("api", ACTIONS)
def test_only_admin_actions_that_do_something_are_changes(api: str) -> None:
    verb = api.removeprefix("ml.").split("_")[0]
    asks = verb in {"estimate", "explain", "get", "preview", "validate"}
    assert changes(api) is (ACTIONS[api].startswith(ADMIN) and not asks)
