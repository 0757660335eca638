"""Says what a wheel promises to whoever installs it, and fails where it does not keep that.

usage: check_wheel.py WHEEL

Its size, the libraries that libthaw.so needs, the newest glibc that it asks for, the symbols that it
shows, and whether all files are as RECORD says. What a manylinux tag means is checked for those tags;
`readelf` is needed.
"""
import base64
import hashlib
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

MAX_BYTES = 8 << 20
# Of the C library, on every Linux that has it.
GLIBC = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "ld-linux-x86-64.so.2",
         "ld-linux-aarch64.so.1"}
MACHINES = {"x86_64": "Advanced Micro Devices X86-64", "aarch64": "AArch64"}
NEEDED_FILES = {"thaw/__init__.py", "thaw/__init__.pyi", "thaw/__main__.py", "thaw/py.typed", "thaw/libthaw.so"}


class Library:
    """What readelf says of a shared library."""

    def __init__(self, path):
        text = subprocess.run(["readelf", "-hldW", "--dyn-syms", "-V", path], check=True, capture_output=True,
                              text=True).stdout
        self.machine = re.search(r"Machine: +(.+)", text).group(1)
        self.needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", text))
        self.glibc = max(tuple(map(int, v.split("."))) for v in re.findall(r"Name: GLIBC_([0-9.]+)", text))
        self.shown = set(re.findall(r"(?:GLOBAL|WEAK|UNIQUE) +DEFAULT +(?!UND)\S+ (\S+)", text))
        self.executable_stack = re.search(r"GNU_STACK.* RWE ", text) is not None
        self.paths = re.findall(r"\((?:RPATH|RUNPATH|TEXTREL)\)", text)


def check_library(library, platform):
    """Breaches of what the tag promises."""
    foreign = sorted(name for name in library.shown if not name.startswith("thaw_"))
    if foreign:
        yield f"shows symbols of others: {', '.join(foreign[:8])}"
    if not any(name.startswith("thaw_") for name in library.shown):
        yield "shows no symbol"
    tag = re.fullmatch(r"manylinux_(\d+)_(\d+)_(\w+)", platform)
    if tag is None:
        return
    if library.machine != MACHINES[tag.group(3)]:
        yield f"is for {library.machine}"
    if library.glibc > (int(tag.group(1)), int(tag.group(2))):
        yield f"asks for glibc {library.glibc[0]}.{library.glibc[1]}"
    if library.needed - GLIBC:
        yield f"needs {', '.join(sorted(library.needed - GLIBC))}"
    if library.executable_stack:
        yield "asks for an executable stack"
    if library.paths:
        yield f"has {', '.join(library.paths)}"


def check_record(wheel):
    """Breaches of RECORD, and files that a wheel must have."""
    names = set(wheel.namelist())
    info = next(name for name in names if name.endswith(".dist-info/RECORD"))
    recorded = set()
    for line in wheel.read(info).decode().splitlines():
        name, digest, size = line.rsplit(",", 2)
        recorded.add(name)
        if name == info or name not in names:
            continue
        data = wheel.read(name)
        expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        if digest != f"sha256={expected}" or int(size) != len(data):
            yield f"{name} is not as RECORD says"
    for name in sorted(names ^ recorded):
        yield f"{name} is not both in the wheel and in RECORD"
    for name in sorted(NEEDED_FILES - names):
        yield f"{name} is not there"


def main():
    path = pathlib.Path(sys.argv[1])
    platform = path.stem.split("-", 4)[4]
    breaches = []
    if path.stat().st_size > MAX_BYTES:
        breaches.append(f"{path.stat().st_size} bytes, at most {MAX_BYTES}")
    with zipfile.ZipFile(path) as wheel, tempfile.TemporaryDirectory() as folder:
        breaches += check_record(wheel)
        library = Library(wheel.extract("thaw/libthaw.so", folder))
        breaches += check_library(library, platform)
        size = wheel.getinfo("thaw/libthaw.so").file_size
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, libthaw.so {size / 1e6:.2f} MB, glibc "
          f"{library.glibc[0]}.{library.glibc[1]}, needs {' '.join(sorted(library.needed))}, "
          f"{len(library.shown)} symbols")
    for breach in breaches:
        print(f"{path.name}: {breach}")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
