"""The texts that the table is taught on: real texts read from a data folder, and texts made of the vocabulary.

Each public origin is a folder of `--data`, named as in MODEL_CARD.md. None of the evaluation material (scifact,
nfcorpus, cranfield, sts-pairs, any split but `train` of arguana and flickr8k) is read here.
"""

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np

import reference_works

# Texts taken of each reference work, a term and a term with its definition counting as one each.
REFERENCE_TEXTS = {"wordnet": 160_000, "gcide": 80_000, "foldoc": 12_000, "hpo": 60_000, "icd10cm": 20_000}

# Sources whose terms allow research and education only.
RESEARCH_ONLY = ("flickr8k",)

TEMPLATES = (
    "what is {a}", "what is the {a} of {b}", "how does {a} affect {b}", "how to {a} a {b}", "why is {a} so {b}",
    "{a} and {b} in {c}", "the effect of {a} on {b}", "{a} is associated with {b}", "{a} increases {b} in {c}",
    "{a} reduces the risk of {b}", "is {a} better than {b}", "the role of {a} in {b}", "a study of {a} and {b}",
    "{a} causes {b}", "{a} without {b}", "can {a} prevent {b}", "{a} does not change {b}", "should {a} be {b}",
    "a {a} with a {b} near the {c}", "the history of {a}", "how much {a} is in {b}", "the best {a} for {b}",
    "we show that {a} of {b} leads to {c}", "{a} was measured by {b}", "my notes about {a} and {b}",
    "the price of {a} and the {b} market", "the {a} of a {b} under {c}", "{a} against {b}", "when did {a} become {b}",
    "where is {a} found", "who made the first {a}", "treatment of {a} with {b}", "methods for {a} using {b}",
)


def lines(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        yield from (line.rstrip("\n") for line in file)


def records(path):
    return (json.loads(line) for line in lines(path))


def sample(texts, count, seed):
    """At most `count` distinct, non-empty texts, in an order that only `seed` decides."""
    distinct = list(dict.fromkeys(text.strip() for text in texts if text and text.strip()))
    order = np.random.default_rng(seed).permutation(len(distinct))[:count]
    return [distinct[i] for i in order]


def real_sources(data):
    """(name, texts, longest length in tokens) for each real source under `data`."""
    data = Path(data)
    yield "short-texts", [text for _, text in zip(range(200_000), lines(data / "short-texts/texts.txt.gz"))], 64

    arguments = [r for r in records(data / "arguana/corpus.jsonl.gz") if r["_id"].startswith("training-")]
    yield "arguana", sample((f"{r['title']} {r['text']}" for r in arguments), 10_000, 1), 128
    yield "arguana-titles", sample((r["title"] for r in arguments), 10_000, 2), 64

    photos = [r for r in records(data / "flickr8k/captions.jsonl") if r["split"] == "train"]
    yield "flickr8k", sample((c for r in photos for c in r["captions"]), 30_000, 3), 64

    films = [r for r in records(data / "wikipedia-movies/corpus.jsonl.gz") if r["text"]]
    yield "wikipedia-movies", sample((f"{r['title']} {r['text']}" for r in films), 10_000, 4), 96

    drawings = list(records(data / "openclipart/captions.jsonl"))
    texts = [f"{r['caption']} {r.get('description') or ''} {' '.join(r['keywords'])}" for r in drawings]
    yield "openclipart", sample(texts + [r["caption"] for r in drawings], 12_000, 5), 64

    products = list(records(data / "fashion-products/captions.jsonl"))
    yield "fashion-products", sample((r["caption"] for r in products), 3_000, 6), 64

    notes = [re.sub(r"\A---.*?---\s*", "", path.read_text(encoding="utf-8"), flags=re.S)
             for path in sorted((data / "recipes").glob("*.md"))]
    paragraphs = [p for note in notes for p in re.split(r"\n\s*\n", note) if len(p) > 20]
    yield "recipes", sample(notes + paragraphs, 5_000, 7), 128

    packages = {r["source"]: r for r in records(data / "debian-descriptions/packages.jsonl.gz")}
    yield "debian-titles", sample((r["title"] for r in packages.values()), 10_000, 8), 64
    long = (f"{r['title']} {r['body']}" for r in packages.values() if len(r["body"]) > 400)
    yield "debian-bodies", sample(long, 8_000, 10), 192

    for name, entries in reference_works.entries(data):
        texts = [f"{term}: {definition}" if definition else term for term, definition in entries]
        yield name, sample(texts + [term for term, _ in entries], REFERENCE_TEXTS[name], 9), 64


def text_pairs(data):
    """(source, first texts, second texts): two texts about the same thing, as a question and its answer would be."""
    data = Path(data)

    def both(name, pairs, count, seed):
        pairs = [(a.strip(), b.strip()) for a, b in pairs if a and b and a.strip() and b.strip()]
        order = np.random.default_rng(seed).permutation(len(pairs))[:count]
        return name, [pairs[i][0] for i in order], [pairs[i][1] for i in order]

    for name, entries in reference_works.entries(data):
        yield both(name, dict.fromkeys(entries), 100_000, 11)
    packages = {r["source"]: r for r in records(data / "debian-descriptions/packages.jsonl.gz")}
    yield both("debian", ((r["title"], r["body"]) for r in packages.values()), 40_000, 12)
    films = records(data / "wikipedia-movies/corpus.jsonl.gz")
    yield both("wikipedia-movies", ((r["title"], r["text"]) for r in films), 20_000, 13)
    arguments = (r for r in records(data / "arguana/corpus.jsonl.gz") if r["_id"].startswith("training-"))
    yield both("arguana", ((r["title"], r["text"]) for r in arguments), 10_000, 14)
    photos = (r["captions"] for r in records(data / "flickr8k/captions.jsonl") if r["split"] == "train")
    yield both("flickr8k", (tuple(captions[:2]) for captions in photos if len(captions) > 1), 10_000, 15)


def vocabulary_words(vocabulary):
    """The whole words of the vocabulary that are plain letters, three or more."""
    return [word for word in vocabulary if re.fullmatch(r"[a-z]{3,}", word)]


def inner_pieces(vocabulary):
    """The pieces that continue a word, two plain letters or more, without their `##`."""
    return [token[2:] for token in vocabulary if re.fullmatch(r"##[a-z]{2,}", token)]


def corpus_words(texts, vocabulary, count):
    """The `count` most frequent words of `texts` that the vocabulary has to cut into pieces."""
    known = set(vocabulary)
    seen = Counter(word for text in texts for word in re.findall(r"[a-z]{4,20}", text.lower()))
    return [word for word, n in seen.most_common() if word not in known and n >= 3][:count]


def nearest_words(vectors, count):
    """Ids of the `count` nearest words of each word by cosine, itself left out."""
    near = np.empty((len(vectors), count), np.int32)
    for at in range(0, len(vectors), 2_000):
        scores = vectors[at:at + 2_000] @ vectors.T
        scores[np.arange(len(scores)), np.arange(at, at + len(scores))] = -2
        near[at:at + 2_000] = np.argpartition(-scores, count, axis=1)[:, :count]
    return near


def word_mixtures(words, pieces, vectors, counts, seed):
    """Texts that nobody wrote: random words, words around one or two subjects, words set into templates, and
    made-up words, so that each inner `piece` of the vocabulary is seen after several beginnings."""
    generator = np.random.default_rng(seed)
    near = nearest_words(vectors, 48)

    def around(word, n):
        return [word, *generator.choice(near[word], n, replace=False)]

    def spelled(ids):
        ids = np.array(ids)
        generator.shuffle(ids)
        return " ".join(words[i] for i in ids)

    def any_words(n):
        return generator.integers(0, len(words), n)

    texts = [spelled(any_words(generator.integers(2, 7))) for _ in range(counts["random"])]
    for word in any_words(counts["subject"]):
        texts.append(spelled(around(word, generator.integers(1, 13))))
    for first, second in any_words((counts["two_subjects"], 2)):
        texts.append(spelled(around(first, generator.integers(1, 6)) + around(second, generator.integers(1, 6))))
    for word in any_words(counts["template"]):
        mate = generator.choice(near[word]) if generator.random() < 0.5 else any_words(1)[0]
        third = generator.choice(near[mate]) if generator.random() < 0.5 else any_words(1)[0]
        template = TEMPLATES[generator.integers(0, len(TEMPLATES))]
        texts.append(template.format(a=words[word], b=words[mate], c=words[third]))
    for i in range(counts["made_up"]):
        word, company = any_words(2)
        made_up = words[word][:generator.integers(3, 8)] + pieces[i % len(pieces)]
        texts.append(made_up if generator.random() < 0.5 else f"{made_up} {words[company]}")
    return texts
