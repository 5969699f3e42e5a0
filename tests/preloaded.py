"""What `forked` forks from: a process that has imported all of it."""

from __future__ import annotations

import gc

from imported import import_all
from measured import measure_forks

import_all()
# No fork has to look through all of this for what may go.
gc.collect()
gc.freeze()
measure_forks()
