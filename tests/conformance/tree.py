"""Tests of this tree by name: "SUITE/FILE: NAME" is one of tests/SUITE/FILE.bats, "unit/FILE: FUNCTION" one of tests/unit/test_FILE.c."""
import functools
import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def file_of(path):
    return f"unit/test_{path[5:]}.c" if path.startswith("unit/") else f"{path}.bats"


@functools.lru_cache(maxsize=None)
def tests_of(path):
    """The names of the tests in a file, or None if it is not there."""
    source = TOP / "tests" / file_of(path)
    if not source.is_file():
        return None
    pattern = r"(?:cmocka_unit_test\w*|\b[A-Z_]+)\((\w+)[,)]" if path.startswith("unit/") else r'^@test "(.*?)" \{'
    return set(re.findall(pattern, source.read_text(encoding="utf-8"), re.MULTILINE))


def missing_test(test):
    """What is wrong with it, or None."""
    path, _, name = test.partition(": ")
    names = tests_of(path)
    if names is None:
        return f"there is no tests/{path}"
    return None if name in names else f"tests/{path} has no test {name!r}"


def link(test):
    path, _, name = test.partition(": ")
    return f"[{path}](../tests/{file_of(path)}): {name}"
