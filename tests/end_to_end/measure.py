"""Runs a command and writes its status, seconds and peak memory: measure.py RESULT COMMAND...

A small process of its own, because a child's peak memory begins with that of who started it.
"""

import json
import resource
import subprocess
import sys
import time

start = time.monotonic()
status = subprocess.call(sys.argv[2:])
seconds = time.monotonic() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
with open(sys.argv[1], "w") as out:
    json.dump({"status": status, "seconds": seconds, "peak_bytes": peak}, out)
