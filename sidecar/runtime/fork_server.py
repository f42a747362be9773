"""Loaded first by the fork server, from which the job processes are forked."""

from __future__ import annotations

import os

from sidecar.runtime.parent_death import die_with_parent

die_with_parent(os.getppid())
