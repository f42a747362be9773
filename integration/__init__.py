"""Tests against a real Elasticsearch, and what starts one."""
