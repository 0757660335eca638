"""Runs a command and writes its status, its processors' seconds and peak memory: measure.py RESULT COMMAND...

A small process of its own, because a child's peak memory begins with that of who started it.
"""

import json
import resource
import subprocess
import sys

status = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds, peak = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
with open(sys.argv[1], "w") as out:
    json.dump({"status": status, "seconds": seconds, "peak_bytes": peak}, out)
