"""Terms and their definitions from public reference works: general English, computing, medicine.

Each origin is a folder of `--data` with the files of the package that `README.md` names. A text is `term: definition`;
the terms alone are texts too, since queries look like them.
"""

import gzip
import re

from xml.etree import ElementTree

TAGS = re.compile(r"\[[^\[\]]*\]|\\[^\\]*\\|--[A-Z][^.]*\.|[{}]|\([A-Z][A-Za-z.& ]*\)|<[a-z, ]+>|\(\d{4}-\d\d-\d\d\)")
LONGEST = 400


def plain(text):
    """Without etymologies, pronunciations, sources and line breaks, cut to a few sentences."""
    text = re.sub(r"\s+", " ", TAGS.sub(" ", text)).strip(" ;,.-")
    return text[:LONGEST].rsplit(" ", 1)[0] if len(text) > LONGEST else text


def wordnet(folder):
    """(term, definition): the words of each synset and its gloss with its examples."""
    for part in ("noun", "verb", "adj", "adv"):
        for line in open(folder / f"data.{part}", encoding="latin-1"):
            if line.startswith("  ") or " | " not in line:
                continue
            fields, gloss = line.split(" | ", 1)
            fields = fields.split()
            words = [re.sub(r"\(.*\)", "", word).replace("_", " ") for word in fields[4:4 + 2 * int(fields[3], 16):2]]
            yield ", ".join(words), plain(gloss.replace('"', ""))


def dictionary(path, headword):
    """(term, definition) of a dictd file: a term stands at the start of a line, what it means is indented."""
    term, body = None, []
    for line in gzip.open(path, "rt", encoding="utf-8", errors="replace"):
        found = headword.match(line)
        if found:
            if term and body:
                yield term, plain(" ".join(body))
            term, body = found.group(1).strip(), []
        elif line.startswith("  "):
            body.append(line.strip())


def phenotypes(folder):
    """(term, definition) of the Human Phenotype Ontology, then the diseases annotated with it."""
    term = {}
    for line in open(folder / "hp.obo", encoding="utf-8"):
        key, _, value = line.rstrip("\n").partition(": ")
        if key == "[Term]":
            term = {}
        elif key == "name":
            term["name"] = value
            yield value, ""
        elif key == "def" and "name" in term:
            yield term["name"], plain(value.split('"')[1])
        elif key == "synonym":
            yield value.split('"')[1], ""
    for line in open(folder / "phenotype.hpoa", encoding="utf-8"):
        if not line.startswith(("#", "database_id")):
            yield line.split("\t")[1], ""


def classification(folder):
    """The names of ICD-10-CM's codes."""
    for path in sorted(folder.glob("*.xml")):
        for node in ElementTree.parse(path).iter("desc"):
            yield node.text or "", ""


def entries(data):
    """(source, [(term, definition)]) of each work under `data`."""
    yield "wordnet", list(wordnet(data / "wordnet"))
    yield "gcide", list(dictionary(data / "gcide/gcide.dict.dz", re.compile(r"(\S[^\\]*) \\")))
    yield "foldoc", list(dictionary(data / "foldoc/foldoc.dict.dz", re.compile(r"(\S.*)")))
    yield "hpo", list(phenotypes(data / "hpo"))
    yield "icd10cm", list(classification(data / "icd10cm"))
