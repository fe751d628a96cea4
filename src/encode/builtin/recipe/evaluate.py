"""nDCG@10 of the stored table beside its teacher and BM25, on four retrieval sets that taught neither the table nor
the recipe's settings:

    python evaluate.py --data DIR --weights DIR --out DIR [--teacher DIR]

scifact (training claims), nfcorpus (dev), cranfield, arguana (validation points to their counter-points, the
query's own document left out). A document is its title and text. Search is exact. The interval is the percentile
bootstrap over queries.
"""

import argparse
import json
import math
import os
import re
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import snowballstemmer

import table
import teacher as teaching
from sources import lines, records

SETS = {"scifact": "train", "nfcorpus": "dev", "cranfield": "test", "arguana": "dev"}
TEACHER_TOKENS = 256
BM25_K1, BM25_B = 0.9, 0.4
# The 33 English stop words of Lucene's standard analyser.
STOP_WORDS = set("a an and are as at be but by for if in into is it no not of on or such that the their then there "
                 "these they this to was will with".split())


class Collection:
    """One set: documents, queries that have a relevant document, and graded judgments."""

    def __init__(self, folder, split):
        documents = list(records(folder / "corpus.jsonl.gz"))
        self.ids = [d["_id"] for d in documents]
        self.texts = [f"{d.get('title') or ''} {d.get('text') or ''}".strip() for d in documents]
        self.judged = defaultdict(dict)
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


def systems(collection, options):
    """(name, scores [queries, documents]) of each system asked for."""
    if "table" in options.systems:
        weights = Path(options.weights)
        rows = np.load(options.rows) if options.rows else table.read(weights / f"weights{options.name}.safetensors")
        tokens = (weights / f"vocab{options.name}.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
        built = table.tokenizer(tokens)
        documents = table.embed(collection.texts, built, rows)
        queries = table.embed(collection.queries, built, rows)
        for prefix in reversed(table.PREFIXES):
            yield f"table {prefix}", table.unit(queries[:, :prefix]) @ table.unit(documents[:, :prefix]).T
    if "teacher" in options.systems:
        coach = teaching.Teacher(options.teacher or teaching.default_folder(), options.out, os.cpu_count())
        folder = Path(options.out) / "teacher"
        documents, queries = (
            table.unit(teaching.encode_cached(coach, texts, TEACHER_TOKENS, folder, print).astype(np.float32))
            for texts in (collection.texts, collection.queries))
        yield "teacher 384", queries @ documents.T
    if "bm25" in options.systems:
        index = Bm25(collection.texts)
        yield "BM25", np.stack([index.scores(query) for query in collection.queries])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--weights", required=True, help="folder of weights.safetensors and vocab.txt")
    parser.add_argument("--out", required=True, help="folder for the teacher's vectors and results.json")
    parser.add_argument("--teacher")
    parser.add_argument("--systems", default="table,teacher,bm25")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--name", default="", help="suffix of the weights (ablation)")
    parser.add_argument("--rows", help="an f32 table to judge instead of the stored one (ablation)")
    options = parser.parse_args()
    Path(options.out).mkdir(parents=True, exist_ok=True)
    path = Path(options.out) / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    for name in options.sets.split(","):
        collection = Collection(Path(options.data) / name, SETS[name])
        for system, scores in systems(collection, options):
            values = collection.ndcg(scores)
            low, high = interval(values)
            label = system + options.name + (" f32" if options.rows else "")
            results.setdefault(label, {})[name] = [round(float(v), 4) for v in (values.mean(), low, high)]
            print(f"{name:10} {label:24} {values.mean():.4f}  [{low:.4f}, {high:.4f}]  "
                  f"{len(values)} queries, {len(collection.ids)} documents", flush=True)
        path.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
