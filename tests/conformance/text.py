"""The specification's text as sentences.

A sentence is what a full stop ends, in a paragraph, an item of a list, a row of a table; examples are left out.  It is
known by a fingerprint of its words, so that nobody has to copy it to refer to it, and so that a changed sentence is seen.
"""
import hashlib
import re
from collections import namedtuple

FILES = ("bundle.md", "glossary.md", "config.md", "config-linux.md", "runtime.md", "runtime-linux.md", "features.md",
         "features-linux.md")

# RFC 2119, without what leaves everything open (MAY, OPTIONAL); some sentences have it in small letters.
DUTY = re.compile(r"\b(MUST|SHALL|SHOULD|REQUIRED|must|shall|should)\b")

Sentence = namedtuple("Sentence", "file line section text id")


def blocks(lines):
    """(line, section, text) of each paragraph, item or row."""
    section, begin, words, code = "", 0, [], False
    for number, line in enumerate([*lines, ""], 1):
        text = line.strip()
        if text.startswith("```"):
            code = not code
            text = ""
        starts_new = not text or code or text[0] in "#|" or re.match(r"([*-]|\d+\.) ", text) or re.match(r"`\w+ *` +\|", text)
        if words and starts_new:
            yield begin, section, " ".join(words)
            words = []
        if code:
            continue
        if text.startswith("#"):
            section = re.sub(r"<a .*?/>|#", "", text).strip()
        elif text:
            if not words:
                begin = number
            words.append(text)


def sentences(path):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for line, section, block in blocks(lines):
        for text in re.split(r"(?<=[.])\s+(?=[A-Z`*\[])", block):
            plain = " ".join(re.findall(r"[\w/%.-]+", re.sub(r"\]\([^)]*\)|\[[^]]*\]$", "]", text)))
            name = path.name
            digest = hashlib.sha256(f"{name} {section} {plain}".encode()).hexdigest()[:8]
            yield Sentence(name, line, section, text, digest)


def duties(directory):
    for name in FILES:
        for sentence in sentences(directory / name):
            if DUTY.search(sentence.text):
                yield sentence
