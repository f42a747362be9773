"""`python -m integration.elasticsearch up|down [--version V] [--port P] [--password X]`."""

from __future__ import annotations

import argparse
import json
import sys

from integration.elasticsearch import StartError, down, up


def main() -> None:
    """Do it; the last line on stdout of `up` is the cluster as one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m integration.elasticsearch")
    parser.add_argument("action", choices=("up", "down"))
    parser.add_argument("--version", help="up: default 8.19.7; down: default every one")
    parser.add_argument("--port", type=int, help="port on loopback (default: one per version)")
    parser.add_argument("--password", help="the superuser's password, for up")
    arguments = parser.parse_args()
    try:
        if arguments.action == "up":
            cluster = up(arguments.version, arguments.port, arguments.password)
            print(json.dumps(cluster.as_dict()))
        else:
            down(arguments.version, arguments.port)
    except StartError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
