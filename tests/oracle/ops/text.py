"""Strings and bytes."""

import itertools

import numpy as np

from op_case import BITS, case

CASES = []


def strings(*values, shape=None):
    array = np.empty(len(values), object)
    array[:] = values
    return array.reshape(shape if shape is not None else array.shape)


WORDS = strings(b"", b"a", b"hello", b"h\xc3\xa9llo", b"\0\0", b"\xe2\x82\xac\xf0\x9f\x98\x80x", b"a\nb", b"\xff\xfe",
                shape=(2, 4))


def joins():
    for separator in ("", ", ", "\0", "é"):
        for parts in ([WORDS], [WORDS, WORDS], [WORDS, strings(b"-", shape=())], [strings(b"x", shape=()), WORDS, WORDS],
                      [strings(b"a", shape=()), strings(b"b", shape=())], [WORDS[:0], WORDS[:0]],
                      [WORDS[:0], strings(b"b", shape=())]):
            yield case("StringJoin", parts, separator=separator, tol=BITS)
    yield case("StringJoin", [WORDS, WORDS[:1]], tol=BITS)
    yield case("StringJoin", [WORDS, WORDS[0]], tol=BITS)
    yield case("StringJoin", [strings(b"a"), strings(b"b", b"c")], tol=BITS)


def part(word, at, length, unit):
    return case("Substr", strings(word, shape=()), at, length, unit=unit, tol=BITS)


def substrings():
    for unit, dtype in itertools.product(("BYTE", "UTF8_CHAR"), (np.int32, np.int64)):
        for at, length in itertools.product((0, 1, 2, -1, -2), (0, 1, 3, 100, -1)):
            for word in (b"hello", b"h\xc3\xa9l\xe2\x82\xaco", b"\xf0\x9f\x98\x80\xf0\x9f\x98\x80ab"):
                yield part(word, dtype(at), dtype(length), unit)
        for at in (5, 6, -5, -6, np.iinfo(dtype).max, np.iinfo(dtype).min):
            for length in (1, np.iinfo(dtype).max, np.iinfo(dtype).min):
                yield part(b"hello", dtype(at), dtype(length), unit)
        some = strings(b"hello", b"world", b"thaws", shape=(3, 1))
        yield case("Substr", some, dtype([[0, 1]]), dtype([[2, 3]]), unit=unit, tol=BITS)
        yield case("Substr", some, dtype([[0], [1], [2]]), dtype([[2], [1], [0]]), unit=unit, tol=BITS)
        yield case("Substr", some, dtype([1]), dtype([2]), unit=unit, tol=BITS)
        yield case("Substr", strings(b"hello"), dtype([0, 1, 2]), dtype([1, 1, 1]), unit=unit, tol=BITS)
        yield case("Substr", some[:0], dtype(0), dtype(1), unit=unit, tol=BITS)
        yield case("Substr", some, dtype([0, 1]), dtype([1]), unit=unit, tol=BITS)
        yield case("Substr", some, dtype([[0], [1]]), dtype([[1], [1]]), unit=unit, tol=BITS)
        for word in (b"\xff\xfea", b"\xc3", b"a\x80b", b"\xe2\x82"):
            yield case("Substr", strings(word, shape=()), dtype(0), dtype(2), unit=unit, tol=BITS)
            yield case("Substr", strings(word, shape=()), dtype(1), dtype(1), unit=unit, tol=BITS)


PATTERNS = ["", "a", "abc", "a|b", "a|bc|", "(a|b)*", "(?:a|b)+c?", "a{2}", "a{2,}", "a{1,3}b", "a{0}", "a{,2}", ".", ".*",
            ".+x", "a.c", "^a$", "^$", "a^", "$a", "[abc]", "[^abc]", "[a-c]+", "[]a]", "[^]a]", "[a\\]b]", "[a-]",
            "[\\d]+", "\\d+", "\\D+", "\\w*", "\\W", "\\s", "\\S+", "\\.", "\\*\\+\\?", "\\n", "\\t", "\\x41", "\\x{e9}",
            "[[:alpha:]]+", "[[:digit:][:space:]]", "[[:^alpha:]]", "é", "[é]", "[à-ö]", "h.llo", "a*?", "a+?b", "a??",
            "(a)(b)", "(?P<name>a)b", "((a))", "()", "(|a)", "a||b", "^(a|b)$", "(^a)", "(a$)", "a$b", "\\Aa\\z", "a\\b",
            "(?i)abc", "(?s).", "(?-s).", "\\Qa.c\\E", "\\pL+", "\\p{Lu}", "\\C", "\\x", "[z-a]", "a**", "a{3,2}", "(",
            ")", "[", "]", "*", "+a", "a{1001}", "a{2}{3}", "\\1", "(?=a)", "(?!a)", "\\", "x*", "(a*)*", "(a|a)*", "s3://.*",
            "(?:.*/)?[^/]+\\.(jpg|png)", "\\/", "-", "a\\-b", "[\\w.-]+@[\\w.-]+", "\\v", "\\f", "\\a", "\\e", "\\0", "\\07",
            "\\101", "{", "}", "a{", "a{x}", "a{1", "[a", "[a-", "[[.a.]]"]
TEXTS = strings(b"", b"a", b"b", b"abc", b"aabb", b"aaa", b"a.c", b"a\nc", b"\n", b"hello", b"h\xc3\xa9llo", b"\xc3\xa9",
                b"ABC", b"12", b" ", b"]", b"-", b"a-b", b"*+?", b"x/y.jpg", b"s3://b", b"\xff", b"\0", b"AaA", b"aaaaaa", b"me@x.org")


UNKNOWN = ("a\\b", "(?i)abc", "(?s).", "(?-s).", "\\Qa.c\\E", "\\pL+", "\\p{Lu}", "\\C")


def matches():
    for pattern in PATTERNS:
        refuses = "syntax beyond what exported graphs have" if pattern in UNKNOWN else ""
        yield case("StaticRegexFullMatch", TEXTS, pattern=pattern, tol=BITS, refuses=refuses)
    yield case("StaticRegexFullMatch", TEXTS.reshape(2, 13), pattern="a.*", tol=BITS)
    yield case("StaticRegexFullMatch", strings(b"abc", shape=()), pattern="a.*", tol=BITS)
    yield case("StaticRegexFullMatch", TEXTS[:0], pattern="a.*", tol=BITS)
    yield case("StaticRegexFullMatch", strings(b"a" * 5000 + b"b", b"a" * 5000), pattern="(a*)*(a|aa)*b", tol=BITS)


def raws():
    numbers = [np.float32([1, -2.5, np.nan]), np.float64([1e300, -0.0]), np.int32([2**31 - 1, -2]), np.int64([-2**63, 1]),
               np.uint8([0, 255, 7]), np.int8([-128, 5]), np.int16([-300, 300]), np.uint16([65535, 1]), np.float16([1, np.inf])]
    for array, little in itertools.product(numbers, (True, False)):
        data = array.tobytes()
        yield case("DecodeRaw", strings(data, shape=()), out_type=array.dtype, little_endian=little, tol=BITS)
        yield case("DecodeRaw", strings(data, data, data[::-1], data), out_type=array.dtype, little_endian=little, tol=BITS)
        yield case("DecodeRaw", strings(data, data, shape=(1, 2)), out_type=array.dtype, little_endian=little, tol=BITS)
        yield case("DecodeRaw", strings(b"", b""), out_type=array.dtype, little_endian=little, tol=BITS)
        yield case("DecodeRaw", strings(b"", shape=()), out_type=array.dtype, little_endian=little, tol=BITS)
        yield case("DecodeRaw", strings(data)[:0], out_type=array.dtype, little_endian=little, tol=BITS)
        yield case("DecodeRaw", strings(data + b"x"), out_type=array.dtype, little_endian=little, tol=BITS)
        yield case("DecodeRaw", strings(data, data + data), out_type=array.dtype, little_endian=little, tol=BITS)
    yield case("DecodeRaw", strings(b"\0\1\2\xff"), out_type=np.bool_, tol=BITS)


CASES += [*joins(), *substrings(), *matches(), *raws()]
