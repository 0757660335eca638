"""Writes a wheel of python/thaw with a shared library inside.

usage: make_wheel.py LIBRARY PLATFORM OUT [LICENCE...]

PLATFORM is the wheel's tag, such as manylinux_2_27_x86_64; OUT is the folder that the wheel is written
into; each LICENCE is a file that goes into it beside thaw's own. Prints the wheel's path. The same
contents give the same bytes.
"""
import argparse
import base64
import hashlib
import pathlib
import re
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "thaw"
SOURCES = {".py", ".pyi", ".typed"}

METADATA = """\
Metadata-Version: 2.1
Name: thaw
Version: {version}
Summary: Runs TensorFlow's object detectors without TensorFlow
License: Apache-2.0
{licences}\
Classifier: License :: OSI Approved :: Apache Software License
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: 3
Classifier: Typing :: Typed
Requires-Python: >=3.6
Requires-Dist: numpy>=1.13
"""
WHEEL = """\
Wheel-Version: 1.0
Generator: thaw
Root-Is-Purelib: false
Tag: py3-none-{platform}
"""
ENTRY_POINTS = """\
[console_scripts]
thaw = thaw.__main__:main
"""


def version():
    """The package's version, which must be the library's."""
    in_python = re.search(r'__version__ = "(.+)"', (PACKAGE / "version.py").read_text()).group(1)
    in_cmake = re.search(r"project\(thaw VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text()).group(1)
    if in_python != in_cmake:
        sys.exit(f"python/thaw/version.py says {in_python}, CMakeLists.txt says {in_cmake}")
    return in_cmake


def contents(library, platform, licences):
    """What the wheel holds but its RECORD: names and bytes."""
    info = f"thaw-{version()}.dist-info"
    files = {f"thaw/{path.relative_to(PACKAGE)}": path.read_bytes()
             for path in sorted(PACKAGE.rglob("*")) if path.suffix in SOURCES}
    files["thaw/libthaw.so"] = library.read_bytes()
    names = []
    for path in [ROOT / "LICENSE"] + licences:
        names.append(path.name)
        files[f"{info}/licenses/{path.name}"] = path.read_bytes()
    lines = "".join(f"License-File: {name}\n" for name in names)
    files[f"{info}/METADATA"] = METADATA.format(version=version(), licences=lines).encode()
    files[f"{info}/WHEEL"] = WHEEL.format(platform=platform).encode()
    files[f"{info}/entry_points.txt"] = ENTRY_POINTS.encode()
    return info, files


def record(info, files):
    lines = []
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}\n")
    return "".join(lines) + f"{info}/RECORD,,\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=pathlib.Path)
    parser.add_argument("platform")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("licences", type=pathlib.Path, nargs="*")
    args = parser.parse_args()
    info, files = contents(args.library, args.platform, args.licences)
    files[f"{info}/RECORD"] = record(info, files).encode()
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / f"thaw-{version()}-py3-none-{args.platform}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100755 if name.endswith(".so") else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
    print(path)


if __name__ == "__main__":
    main()
