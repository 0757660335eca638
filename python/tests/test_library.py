"""What the package says of the C interface is what its headers say."""

import ctypes
import re

import pytest

from files import ROOT
from thaw import _library

HEADERS = [ROOT / "include/thaw" / name for name in ("c_api.h", "c_detector.h", "c_optimize.h")]
TEXT = re.sub(r"/\*.*?\*/", "", "\n".join(h.read_text() for h in HEADERS), flags=re.S)

# By the header's name; bare kinds of ctypes by what they are in C.
STRUCTS = {"thaw_" + re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower(): value
           for name, value in vars(_library).items()
           if isinstance(value, type) and issubclass(value, ctypes.Structure) and
           value.__module__ == _library.__name__ and not name.startswith("_")}
SIZES = {"size_t": 8, "int": 4, "int32_t": 4, "uint32_t": 4, "int64_t": 8, "uint64_t": 8, "double": 8,
         "float": 4, "thaw_dtype": 4, "thaw_precision": 4, "thaw_log_function": 8}


def fields_of(name):
    """[(name, bytes or None for structs)] of a struct of the headers."""
    body = re.search(r"typedef struct %s \{(.*?)\n\} %s;" % (name, name), TEXT, re.S).group(1)
    found = []
    for line in body.split(";"):
        line = " ".join(line.split())
        if not line:
            continue
        function = re.match(r".*\(\*(\w+)\)\(", line)
        if function:
            found.append((function.group(1), 8))
            continue
        kind, field, count = re.match(r"(.*?)(\w+)(?:\[(\w+)\])?$", line).groups()
        kind = kind.replace("const", "").strip()
        size = 8 if "*" in kind else SIZES.get(kind)
        many = 1 if count is None else _library.MAX_RANK if count == "THAW_MAX_RANK" else int(count)
        found.append((field, None if size is None else size * many))
    return found


@pytest.mark.parametrize("name", sorted(STRUCTS))
def test_structs(name):
    struct = STRUCTS[name]
    want = fields_of(name)
    assert [field for field, _ in struct._fields_] == [field for field, _ in want]
    for field, size in want:
        if size is not None:
            assert getattr(struct, field).size == size, field


def test_all_that_are_used_are_looked_at():
    assert len(STRUCTS) >= 19 and "thaw_engine_options" in STRUCTS and "thaw_detection" in STRUCTS


def test_functions():
    declared = {name: 0 if arguments.strip() == "void" else arguments.count(",") + 1
                for name, arguments in re.findall(r"THAW_API[^;]*?\b(thaw_\w+)\(([^;]*)\)\s*;", TEXT)}
    used = {name: len(arguments) for name, arguments in _library._STATUS.items()}
    used.update({name: len(arguments) for name, (_, arguments) in _library._OTHERS.items()})
    assert {name: declared.get(name) for name in used} == used
    for kind in _library._FREED:
        assert declared["thaw_{}_free".format(kind)] == 1


def test_numbers():
    dtypes = dict(re.findall(r"THAW_(\w+) = (\d+)", re.search(r"enum thaw_dtype \{(.*?)\}", TEXT, re.S).group(1)))
    assert {name.upper(): str(code) for code, name in enumerate(_library.DTYPES) if name} == \
        {name: code for name, code in dtypes.items() if name != "INVALID"}
    body = re.search(r"enum thaw_precision \{(.*?)\}", TEXT, re.S).group(1)
    found = re.findall(r"THAW_(?:PRECISION_)?(\w+) = (\d+)", body)
    assert [name for name, _ in sorted(found, key=lambda f: int(f[1]))][1:] == list(_library.PRECISIONS[1:])
    assert "#define THAW_MAX_RANK {}".format(_library.MAX_RANK) in TEXT
