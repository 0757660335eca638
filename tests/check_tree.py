"""Checks who includes whom, how long files are and that links lead somewhere.

Prints one line a breach; status 1 when there is any.

The layers are those of docs/architecture.md: a folder may include itself and what is listed for it.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

LAYERS = {
    "base": [],
    "ops": ["base"],
    "graph": ["base", "ops"],
    "import": ["base", "ops", "graph"],
    "export": ["base", "ops", "graph", "import"],
    "passes": ["base", "ops", "graph"],
    "kernels": ["base", "ops", "media"],
    "runtime": ["base", "ops", "kernels"],
    "engine": ["base", "ops", "graph", "import", "export", "passes", "kernels", "runtime"],
    "media": ["base"],
    "detect": ["base", "media"],
    "cli": [],
    "c_api": [],
}
# Below src/kernels/cpu: what each family may include, besides the headers beside the rooms.
CPU_ROOMS = {
    "simd": [],
    "nms": ["simd"],
    "elementwise": ["simd", "conv"],
    "gemm": ["simd", "dot", "conv"],
    "dot": ["simd", "elementwise", "gemm"],
    "depthwise": ["simd", "dot", "conv"],
    "conv": ["simd", "gemm", "dot", "depthwise"],
    "resize": ["simd", "gemm", "conv"],
}
# Public headers that only the upper rooms may use; the lower ones are what these are made of.
UPPER_HEADERS = {"thaw/engine.h", "thaw/detector.h", "thaw/convert.h", "thaw/inspect.h", "thaw/compare.h",
                 "thaw/optimize.h", "thaw/device.h", "thaw/request.h", "thaw/batcher.h", "thaw/c_api.h",
                 "thaw/c_accuracy.h", "thaw/c_detector.h", "thaw/c_optimize.h"}
UPPER_ROOMS = {"engine", "detect", "export", "cli", "c_api", "media"}
# Libraries of one room alone.
OWN_LIBRARIES = {"CLI/": "cli"}

MAX_LINES = {".cc": 600, ".h": 400, ".inc": 400, ".cu": 1000, ".cuh": 600, ".py": 600}
MAX_TEST_LINES = 1000
MAX_BYTES = 1 << 20
# Files that may be larger: the bundled detector's weights.
MAX_BYTES_OF = {"examples/traffic_lights/model/frozen_inference_graph.pb": 8 << 20}

LINK = re.compile(r"\]\(([^)#\s]+)\)")
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')


def tracked_files():
    """Files that git tracks or would track."""
    out = subprocess.run(["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                         capture_output=True).stdout
    return sorted({p for p in out.decode().split("\0") if p and (ROOT / p).is_file()})


def is_test(path):
    return path.startswith("tests/") or re.search(r"_(test|fuzz|bench)\.cc$", path) is not None


def room_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def cpu_room_of(path):
    """The family's room of a file or header; None for those beside the rooms and elsewhere."""
    parts = path.removeprefix("src/").split("/")
    return parts[2] if parts[:2] == ["kernels", "cpu"] and len(parts) > 3 else None


def check_cpu_include(path, number, header):
    """What a line includes that its family of the CPU's kernels may not."""
    room, other = cpu_room_of(path), cpu_room_of(header)
    if room is None or other in (None, room):
        return
    if other not in CPU_ROOMS.get(room, []):
        yield f"{path}:{number}: kernels/cpu/{room} must not include {header}"


def check_includes(path, lines):
    """Breaches of the layers in one source file; tests may include more, for they compare."""
    room = room_of(path)
    if room is None or is_test(path):
        return
    if room not in LAYERS:
        yield f"{path}: src/{room} is no room of the architecture (tests/check_tree.py lists them)"
        return
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        header = match.group(1)
        first = header.split("/")[0]
        if first in LAYERS and first != room and first not in LAYERS[room]:
            yield f"{path}:{number}: {room} must not include {header}"
        if header in UPPER_HEADERS and room not in UPPER_ROOMS:
            yield f"{path}:{number}: {room} lies below {header}"
        yield from check_cpu_include(path, number, header)
        for prefix, owner in OWN_LIBRARIES.items():
            if header.startswith(prefix) and room != owner:
                yield f"{path}:{number}: {header} belongs to src/{owner}"


def check_links(path):
    """Links of a Markdown file to files that are not there."""
    file = ROOT / path
    for number, line in enumerate(file.read_text().splitlines(), 1):
        for target in LINK.findall(line):
            if "://" not in target and not (file.parent / target).exists():
                yield f"{path}:{number}: {target} is not there"


def check_file(path):
    file = ROOT / path
    size = file.stat().st_size
    most = MAX_BYTES_OF.get(path, MAX_BYTES)
    if size > most:
        yield f"{path}: {size} bytes, at most {most} may be tracked"
    if path.startswith("src/") and len(path.split("/")) > 5:
        yield f"{path}: more than 3 folders below src"
    if file.suffix == ".md":
        yield from check_links(path)
    if file.suffix not in MAX_LINES:
        return
    if cpu_room_of(path) not in (None, *CPU_ROOMS):
        yield f"{path}: kernels/cpu/{cpu_room_of(path)} is no family's room (tests/check_tree.py lists them)"
    lines = file.read_text().splitlines()
    limit = MAX_TEST_LINES if is_test(path) else MAX_LINES[file.suffix]
    if len(lines) > limit:
        yield f"{path}: {len(lines)} lines, at most {limit}"
    yield from check_includes(path, lines)


def main():
    files = tracked_files()
    breaches = [breach for path in files for breach in check_file(path)]
    for breach in breaches:
        print(breach)
    if not breaches:
        print(f"tree: {len(files)} files in order")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
