"""Machine-learning APIs beside an Elasticsearch cluster."""

__version__ = "0.1.0"
