"""Names of the fields of result documents, which no field of a job's data may overwrite.

A record carries the values of its by, over, partition and influencer fields also under the names
of these fields. A name that a result document uses itself is skipped, both there and when the
keyword mappings of a job are made.
"""

from __future__ import annotations

_NAMES = """
    job_id log_time result_type timestamp @timestamp bucket_span is_interim event
    actual typical probability function function_description field_name detector_index
    by_field_name by_field_value correlated_by_field_value over_field_name over_field_value
    partition_field_name partition_field_value causes influencers geo_results
    record_score initial_record_score multi_bucket_impact anomaly_score_explanation
    anomaly_score initial_anomaly_score raw_anomaly_score event_count record_count
    bucket_influencers processing_time_ms scheduled_events
    influencer_field_name influencer_field_value influencer_field_values
    influencer_score initial_influencer_score
    model_feature model_lower model_median model_upper
    forecast_id forecast_status forecast_messages forecast_progress forecast_lower forecast_upper
    forecast_prediction forecast_memory_bytes forecast_create_timestamp forecast_start_timestamp
    forecast_end_timestamp forecast_expiry_timestamp
    category_id terms regex max_matching_length examples grok_pattern mlcategory num_matches
    preferred_to_categories
    model_bytes peak_model_bytes model_bytes_exceeded model_bytes_memory_limit
    total_by_field_count total_over_field_count total_partition_field_count
    bucket_allocation_failures_count memory_status assignment_memory_basis
    categorized_doc_count total_category_count frequent_category_count rare_category_count
    dead_category_count failed_category_count categorization_status
    processed_record_count processed_field_count input_bytes input_record_count input_field_count
    invalid_date_count missing_field_count out_of_order_timestamp_count empty_bucket_count
    sparse_bucket_count bucket_count earliest_record_timestamp latest_record_timestamp
    last_data_time latest_empty_bucket_timestamp latest_sparse_bucket_timestamp
    latest_record_time_stamp latest_result_time_stamp
    snapshot_id snapshot_doc_count min_version retain description quantiles model_size_stats
    quantile_state all_field_values
    minimum_bucket_processing_time_ms maximum_bucket_processing_time_ms
    average_bucket_processing_time_ms total_bucket_processing_time_ms
    exponential_average_bucket_processing_time_ms exponential_average_calculation_context
    exponential_average_bucket_processing_time_per_hour_ms
    search_count total_search_time_ms
"""

RESERVED_RESULT_FIELDS = frozenset(_NAMES.split())
