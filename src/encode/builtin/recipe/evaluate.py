"""The stored table beside its teacher and BM25, on sets that taught neither the table nor the recipe's settings:

    python evaluate.py --data DIR --weights DIR --out DIR [--teacher DIR]

nDCG@10 on scifact (training claims), nfcorpus (dev), cranfield, arguana (validation points to their counter-points) and
flickr8k (captions of the 1,000 dev pictures to the other captions of the same picture); a query's own document is left
out. A document is its title and text. Search is exact. Spearman's rank correlation on the human-scored sentence pairs of
STS 2012 to 2016 (mean of the test files) and the test part of SICK. Intervals are percentile bootstraps over queries or
pairs.
"""

import argparse
import json
import math
import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import snowballstemmer
import torch

import table
import teacher as teaching
import text_tower
from sources import lines, records

SETS = {"scifact": "train", "nfcorpus": "dev", "cranfield": "test", "arguana": "dev", "flickr8k": "dev"}
PAIRS = {"sts": r"20.*\.test\.tsv", "sick": r"SICK/SICK_test.*"}
TEACHER_TOKENS = 256
BM25_K1, BM25_B = 0.9, 0.4
# The 33 English stop words of Lucene's standard analyser.
STOP_WORDS = set("a an and are as at be but by for if in into is it no not of on or such that the their then there "
                 "these they this to was will with".split())


class Collection:
    """One set: documents, queries that have a relevant document, and graded judgments."""

    def __init__(self, folder, split):
        self.judged = defaultdict(dict)
        if (folder / "captions.jsonl").exists():
            self.read_captions(folder, split)
        else:
            self.read_judged(folder, split)

    def read_captions(self, folder, split):
        """The first caption of each picture asks for the others."""
        pictures = [r["captions"] for r in records(folder / "captions.jsonl") if r["split"] == split]
        self.ids = [f"{p}-{c}" for p, captions in enumerate(pictures) for c in range(len(captions))]
        self.texts = [caption for captions in pictures for caption in captions]
        for p, captions in enumerate(pictures):
            self.judged[f"{p}-0"] = {f"{p}-{c}": 1 for c in range(1, len(captions))}
        self.query_ids, self.queries = list(self.judged), [captions[0] for captions in pictures]

    def read_judged(self, folder, split):
        documents = list(records(folder / "corpus.jsonl.gz"))
        self.ids = [d["_id"] for d in documents]
        self.texts = [f"{d.get('title') or ''} {d.get('text') or ''}".strip() for d in documents]
        for line in list(lines(folder / f"qrels/{split}.tsv"))[1:]:
            query, document, score = line.split("\t")
            self.judged[query][document] = int(score)
        wanted = {q for q, found in self.judged.items() if any(score > 0 for score in found.values())}
        queries = {q["_id"]: q["text"] for q in records(folder / "queries.jsonl.gz") if q["_id"] in wanted}
        self.query_ids, self.queries = list(queries), list(queries.values())

    def ndcg(self, scores, depth=10):
        """nDCG at `depth` of each query as trec_eval has it: linear gains, ties broken by the greater id."""
        out, position = [], {d: i for i, d in enumerate(self.ids)}
        by_id = np.argsort(np.argsort(np.array(self.ids)))
        for query, row in zip(self.query_ids, scores):
            row = np.array(row, np.float64)
            if query in position:
                row[position[query]] = -np.inf
            best = np.lexsort((-by_id, -row))[:depth]
            judged = self.judged[query]
            gain = sum(max(judged.get(self.ids[d], 0), 0) / math.log2(r + 2) for r, d in enumerate(best))
            ideal = sorted((s for s in judged.values() if s > 0), reverse=True)[:depth]
            out.append(gain / sum(s / math.log2(r + 2) for r, s in enumerate(ideal)))
        return np.array(out)


class Bm25:
    """Plain BM25 over lower-case letters and digits, Lucene's stop words left out, Porter stems."""

    def __init__(self, texts):
        self.stem = snowballstemmer.stemmer("porter").stemWord
        self.cache, self.postings = {}, defaultdict(list)
        lengths = []
        for i, text in enumerate(texts):
            terms = self.terms(text)
            lengths.append(len(terms))
            for term, count in Counter(terms).items():
                self.postings[term].append((i, count))
        lengths = np.array(lengths)
        self.norms = BM25_K1 * (1 - BM25_B + BM25_B * lengths / lengths.mean())

    def terms(self, text):
        words = [w for w in re.findall(r"[a-z0-9]+", text.lower()) if w not in STOP_WORDS]
        for word in words:
            if word not in self.cache:
                self.cache[word] = self.stem(word)
        return [self.cache[word] for word in words]

    def scores(self, query):
        out = np.zeros(len(self.norms))
        for term, weight in Counter(self.terms(query)).items():
            if term in self.postings:
                documents, counts = np.array(self.postings[term]).T
                inverse = math.log(1 + (len(out) - len(documents) + 0.5) / (len(documents) + 0.5))
                out[documents] += weight * inverse * counts / (counts + self.norms[documents])
        return out


def interval(values, draws=10_000):
    generator = np.random.default_rng(1)
    means = [values[generator.integers(0, len(values), len(values))].mean() for _ in range(draws)]
    return np.percentile(means, [2.5, 97.5])


def ranks(values):
    """Ranks of the values; equal ones share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((last - counts + last - 1) / 2)[inverse]


def spearman(found, wanted):
    return np.corrcoef(ranks(found), ranks(wanted))[0, 1]


def read_pairs(path, pattern):
    """The pairs of each file whose name the pattern fits: [(first texts, second texts, scores)]."""
    files = defaultdict(list)
    for r in records(path):
        if re.fullmatch(pattern, r["dataset"]) and r["score"] is not None:
            files[r["dataset"]].append((r["a"], r["b"], float(r["score"])))
    return [tuple(zip(*rows)) for rows in files.values()]


def pair_figures(files, encode, prefix):
    """The mean rank correlation over the files, and its interval."""
    similar = []
    for first, second, scores in files:
        a, b = (table.unit(encode(list(texts))[:, :prefix]) for texts in (first, second))
        similar.append(((a * b).sum(axis=1), np.array(scores)))
    mean = np.mean([spearman(*pair) for pair in similar])
    generator, means = np.random.default_rng(1), []
    for _ in range(1_000):
        drawn = [(pair, generator.integers(0, len(pair[0]), len(pair[0]))) for pair in similar]
        means.append(np.mean([spearman(found[rows], wanted[rows]) for (found, wanted), rows in drawn]))
    return mean, *np.percentile(means, [2.5, 97.5])


@torch.inference_mode()
def embed(texts, built, tower, part=512):
    """Unit vectors of `texts` by the tower; a text without tokens is read as one unknown token."""
    flat, offsets = table.token_ids(texts, built)
    unknown = np.array([built.token_to_id(table.UNKNOWN)])
    pieces = [flat[a:b] if b > a else unknown for a, b in zip(offsets[:-1], offsets[1:])]
    order = np.argsort([len(ids) for ids in pieces], kind="stable")
    out = np.empty((len(pieces), table.DIMS), np.float32)
    for rows in np.split(order, range(part, len(order), part)):
        out[rows] = tower([pieces[row] for row in rows]).numpy()
    return table.unit(out)


def encoders(options):
    """(name, texts -> vectors, prefixes) of each encoder asked for."""
    if "table" in options.systems:
        weights = Path(options.weights)
        rows = np.load(options.rows) if options.rows else table.read(weights / f"text{options.name}.safetensors")
        tokens = (weights / f"vocab{options.name}.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
        built = table.tokenizer(tokens)
        yield "table", lambda texts: table.embed(texts, built, rows), sorted(table.PREFIXES, reverse=True)
    if "tower" in options.systems:
        weights = Path(options.weights)
        tower = text_tower.trained(weights / f"text{options.name}.pt")
        tower.stored = True
        tokens = (weights / "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
        built = table.tokenizer(tokens)
        yield "tower", lambda texts: embed(texts, built, tower), sorted(table.PREFIXES, reverse=True)
    if "teacher" in options.systems:
        coach = teaching.Teacher(options.teacher or teaching.default_folder())
        folder = Path(options.out) / "teacher"
        encode = lambda texts: teaching.encode_cached(coach, texts, TEACHER_TOKENS, folder, print).astype(np.float32)
        yield "teacher", encode, [384]


def systems(collection, options):
    """(name, scores [queries, documents]) of each system asked for."""
    for name, encode, prefixes in encoders(options):
        documents, queries = encode(collection.texts), encode(collection.queries)
        for prefix in prefixes:
            yield f"{name} {prefix}", table.unit(queries[:, :prefix]) @ table.unit(documents[:, :prefix]).T
    if "bm25" in options.systems:
        index = Bm25(collection.texts)
        yield "BM25", np.stack([index.scores(query) for query in collection.queries])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--weights", required=True, help="folder of text.safetensors and vocab.txt")
    parser.add_argument("--out", required=True, help="folder for the teacher's vectors and results.json")
    parser.add_argument("--teacher")
    parser.add_argument("--systems", default="table,teacher,bm25")
    parser.add_argument("--sets", default=",".join([*SETS, *PAIRS]))
    parser.add_argument("--name", default="", help="suffix of the weights (ablation)")
    parser.add_argument("--rows", help="an f32 table to judge instead of the stored one (ablation)")
    options = parser.parse_args()
    Path(options.out).mkdir(parents=True, exist_ok=True)
    path = Path(options.out) / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}

    def record(name, system, figures, remark):
        label = system + options.name + (" f32" if options.rows else "")
        results.setdefault(label, {})[name] = [round(float(v), 4) for v in figures]
        value, low, high = figures
        print(f"{name:10} {label:24} {value:.4f}  [{low:.4f}, {high:.4f}]  {remark}", flush=True)
        path.write_text(json.dumps(results, indent=1))

    for name in options.sets.split(","):
        if name in PAIRS:
            files = read_pairs(Path(options.data) / "sts-pairs/pairs.jsonl.gz", PAIRS[name])
            remark = f"{sum(len(scores) for _, _, scores in files)} pairs, {len(files)} files"
            for system, encode, prefixes in encoders(options):
                for prefix in prefixes:
                    record(name, f"{system} {prefix}", pair_figures(files, encode, prefix), remark)
            continue
        collection = Collection(Path(options.data) / name, SETS[name])
        remark = f"{len(collection.queries)} queries, {len(collection.ids)} documents"
        for system, scores in systems(collection, options):
            values = collection.ndcg(scores)
            record(name, system, (values.mean(), *interval(values)), remark)


if __name__ == "__main__":
    main()
