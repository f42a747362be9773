"""What is left when something breaks: processes, disks, connections, Elasticsearch."""
