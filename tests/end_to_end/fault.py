"""Runs the program with fault_shim.c before it: the Nth call of write, rename, malloc ... fails, or
kills the program. What can be counted is listed there."""

import atexit
import dataclasses
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from program import THAW

SHIM = pathlib.Path(__file__).with_name("fault_shim.c")
KILLED = -9


@dataclasses.dataclass
class Result:
    status: int  # -9: killed
    out: str
    err: str


@functools.lru_cache
def shim():
    """The library's path; skips where it can't be compiled or loaded (a sanitizer's own allocator)."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("g++")
    if compiler is None:
        pytest.skip("no C compiler for fault_shim.c")
    folder = tempfile.mkdtemp(prefix="thaw_fault_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = f"{folder}/fault_shim.so"
    subprocess.run([compiler, "-x", "c", "-O1", "-shared", "-fPIC", "-o", library, SHIM, "-x", "none", "-ldl"], check=True)
    if b"__asan_init" in pathlib.Path(THAW).read_bytes():
        pytest.skip("the shim can't be loaded before a sanitizer")
    return library


def run(*arguments, call, at=0, how="fail", timeout=60, **more):
    """The program's result with the `at`th call of `call` ("write,rename") failing; how: fail, from
    (it and all after it) or kill. `more` are variables such as FAULT_MIN=1000, FAULT_ERRNO=28."""
    environment = {**os.environ, "LD_PRELOAD": shim(), "FAULT_CALL": call, "FAULT_AT": str(at), "FAULT_HOW": how,
                   **{name: str(value) for name, value in more.items()}}
    done = subprocess.run([THAW, *map(str, arguments)], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=timeout)
    return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def count(*arguments, call, **more):
    """How often the program calls `call`; it must end with 0."""
    with tempfile.NamedTemporaryFile("r") as file:
        result = run(*arguments, call=call, FAULT_COUNT=file.name, **more)
        assert result.status == 0, result.err
        return int(file.read())
