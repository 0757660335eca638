"""clang-tidy on the sources of a build folder, but not on those that it has passed as they are.

tidy.py BUILD FILE... reads BUILD/compile_commands.json. What a file's verdict depends on (its contents
and those of the project's headers that it includes, the compile command, the rules) is hashed, and
the hashes of files without a complaint are kept in $XDG_CACHE_HOME/thaw/tidy, so that they serve
other checkouts too. Status 1 when there is a complaint.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "thaw/tidy"


def compile_command(entry):
    """The command without a compiler cache before it and without what it writes."""
    words = shlex.split(entry["command"])
    words = words[next(i for i, word in enumerate(words) if "clang" in word):]
    at = words.index("-o")
    return words[:at] + words[at + 2:]


def headers(entry):
    """Files below the repository that it includes, itself among them."""
    words = [word for word in compile_command(entry) if word != "-c"] + ["-MM", "-MT", "x"]
    rule = subprocess.run(words, cwd=entry["directory"], capture_output=True, text=True, check=True).stdout
    paths = [pathlib.Path(entry["directory"], path).resolve() for path in re.split(r"[\s\\]+", rule)[1:] if path]
    return sorted(path for path in paths if path.is_relative_to(ROOT))


def key(entry, rules):
    mark = hashlib.sha256(rules)
    mark.update(" ".join(compile_command(entry)).replace(str(ROOT), "").encode())
    for path in headers(entry):
        mark.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return mark.hexdigest()


def complaints(build, entry, rules):
    """What clang-tidy says, nothing when it has passed the file before."""
    passed = CACHE / key(entry, rules)
    if passed.exists():
        return ""
    done = subprocess.run(["clang-tidy", "-quiet", "-p", build, entry["file"]], capture_output=True, text=True)
    said = "\n".join(line for line in done.stdout.splitlines() if "warning:" in line or "error:" in line)
    if done.returncode != 0 or said:
        return said or done.stdout + done.stderr
    passed.touch()
    return ""


def main():
    build, wanted = sys.argv[1], {str((ROOT / name).resolve()) for name in sys.argv[2:]}
    entries = [entry for entry in json.loads(pathlib.Path(build, "compile_commands.json").read_text())
               if entry["file"] in wanted]
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    rules = version + (ROOT / ".clang-tidy").read_bytes()
    CACHE.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        said = [text for text in pool.map(lambda entry: complaints(build, entry, rules), entries) if text]
    print(f"clang-tidy: {len(entries)} files, {len(said)} with complaints")
    for line in sorted(set("\n".join(said).splitlines())):
        print(line)
    sys.exit(1 if said else 0)


if __name__ == "__main__":
    main()
