"""Distils all-MiniLM-L6-v2 into a table of static token embeddings. One command makes the shipped weights:

    python distil.py --data DIR --out DIR [--teacher DIR]

Stages: read the texts, make texts of the vocabulary, encode all of them with the teacher (kept in OUT/teacher, so a
second run starts at the training), start the table from the teacher's view of each single token, train it so that
similarities inside a batch are the teacher's at every prefix and texts find their mates among others, write OUT/text.safetensors and OUT/vocab.txt.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import sources
import table
import teacher as teaching

MIXTURES = {"random": 20_000, "subject": 40_000, "two_subjects": 15_000, "template": 25_000, "made_up": 20_000}
CORPUS_WORDS = 20_000
HELD_OUT = 0.02


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with one folder a public origin")
    parser.add_argument("--out", required=True)
    parser.add_argument("--teacher", help="folder of the checkpoint; default: the pinned package's")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--rate", type=float, default=5e-3)
    parser.add_argument("--epsilon", type=float, default=3e-4, help="of Adam, for a token's own row and weight")
    parser.add_argument("--temperature", type=float, default=0.05)
    parser.add_argument("--cosine", type=float, default=1.0, help="weight of the cosine to the teacher's vector")
    parser.add_argument("--square", type=float, default=10.0, help="weight of the squared error of similarities")
    parser.add_argument("--pairs", type=float, default=0.4, help="weight of telling pairs apart; 0 leaves them out")
    parser.add_argument("--pair-batch", type=int, default=512)
    parser.add_argument("--run", type=int, default=32, help="neighbouring texts that enter a batch together")
    parser.add_argument("--prefixes", default="32,64,128,256", help="prefixes in the loss (ablation: 256)")
    parser.add_argument("--without", default="", help="sources to leave out, comma-separated (ablation)")
    parser.add_argument("--open-data-only", action="store_true", help="leave out what is for research only")
    parser.add_argument("--name", default="", help="suffix of the files written (ablation)")
    return parser.parse_args()


class Log:
    """Lines with the seconds since the start, on the screen and in a file."""

    def __init__(self, path):
        self.started, self.path = time.time(), path
        path.write_text("")

    def __call__(self, line):
        line = f"[{time.time() - self.started:7.1f} s] {line}"
        print(line, flush=True)
        with open(self.path, "a") as file:
            file.write(line + "\n")


def gather(options, coach, folder, log):
    """Every text with its teacher vector: a list of (source, texts, vectors f16, longest length in tokens)."""
    vocabulary = [token for token, _ in sorted(coach.tokenizer.get_vocab().items(), key=lambda pair: pair[1])]
    parts, real = [], []

    def add(name, texts, longest):
        real.extend(texts if name not in options.without else [])
        if name not in options.without:
            vectors = teaching.encode_cached(coach, texts, longest, folder, log)
            parts.append((name, texts, vectors, longest))
            log(f"{name}: {len(texts)} texts")

    for name, texts, longest in sources.real_sources(options.data):
        add(name, texts, longest)
    words = sources.vocabulary_words(vocabulary)
    words += sources.corpus_words(real, vocabulary, CORPUS_WORDS)
    if "vocabulary" not in options.without:
        add("words", words, 64)
        vectors = table.unit(parts[-1][2].astype(np.float32))
        mixtures = sources.word_mixtures(words, sources.inner_pieces(vocabulary), vectors, MIXTURES, options.seed)
        add("mixtures", mixtures, 64)
    return parts, vocabulary


def token_vectors(coach, vocabulary, folder, log):
    """The teacher's vector of each kept token, alone between its markers."""
    path = Path(folder) / "tokens.f16.npy"
    kept = table.kept_tokens(vocabulary)
    if not path.exists():
        ids = {token: i for i, token in enumerate(vocabulary)}
        frame = [np.array([ids["[CLS]"], ids[token], ids["[SEP]"]], np.int64) for token in kept]
        np.save(path, coach.encode_ids(frame, log).astype(np.float16))
    return kept, table.unit(np.load(path).astype(np.float32))


def principal_axes(vectors, dims):
    """The `dims` directions [384, dims] that hold most of the (uncentred) teacher vectors, largest first."""
    _, axes = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    return np.ascontiguousarray(axes[:, ::-1][:, :dims])


class Corpus:
    """Token ids and teacher vectors of all texts, in one flat array each."""

    def __init__(self, parts, kept, seed):
        built = table.tokenizer(kept)
        ids, self.names = [], []
        for name, texts, _, longest in parts:
            flat, offsets = table.token_ids(texts, built)
            ids += [flat[a:min(b, a + longest - 2)] for a, b in zip(offsets[:-1], offsets[1:])]
            self.names += [name] * len(texts)
        self.vectors = torch.from_numpy(np.concatenate([vectors for _, _, vectors, _ in parts]))
        self.lengths = np.array([len(i) for i in ids])
        self.offsets = np.concatenate([[0], np.cumsum(self.lengths)])
        self.flat = np.concatenate(ids).astype(np.int64)
        usable = np.flatnonzero(self.lengths > 0)
        shuffled = np.random.default_rng(seed).permutation(usable)
        split = int(len(shuffled) * HELD_OUT)
        self.held_out, self.rows = shuffled[:split], shuffled[split:]

    def batch(self, rows):
        """(flat ids, offsets, unit teacher vectors) of `rows`."""
        lengths = self.lengths[rows]
        ends = np.cumsum(lengths)
        starts = ends - lengths
        positions = np.arange(ends[-1]) + np.repeat(self.offsets[rows] - starts, lengths)
        target = F.normalize(self.vectors[torch.from_numpy(rows)].float(), dim=1)
        return torch.from_numpy(self.flat[positions]), torch.from_numpy(starts), target


class Pairs:
    """Token ids of texts that belong together, both sides of a pair next to each other; a batch has one origin."""

    def __init__(self, data, kept, without, longest=192):
        built = table.tokenizer(kept)
        self.sides, self.origins, start = ([], []), [], 0
        for name, *sides in sources.text_pairs(data):
            if name in without:
                continue
            coded = [[e.ids[:longest] for e in built.encode_batch_fast(texts)] for texts in sides]
            usable = [i for i, pair in enumerate(zip(*coded)) if all(pair)]
            for side, ids in zip(self.sides, coded):
                side.extend(np.array(ids[i], np.int64) for i in usable)
            self.origins.append((start, start + len(usable)))
            start += len(usable)

    def batch(self, size, generator):
        """(flat ids, offsets) of each side of pairs from one origin, drawn by its size."""
        sizes = np.array([b - a for a, b in self.origins], float)
        a, b = self.origins[generator.choice(len(sizes), p=sizes / sizes.sum())]
        rows = generator.choice(np.arange(a, b), min(size, b - a), replace=False)
        return [flat([side[row] for row in rows]) for side in self.sides]


def flat(ids):
    offsets = np.cumsum([0] + [len(i) for i in ids[:-1]])
    return torch.from_numpy(np.concatenate(ids)), torch.from_numpy(offsets)


def pair_loss(model, sides, options):
    """How badly each text tells its mate from the others' (InfoNCE both ways, at every prefix)."""
    first, second = (model(*side) for side in sides)
    aim, total = torch.arange(len(first)), 0
    for prefix in options.prefixes:
        scores = F.normalize(first[:, :prefix], dim=1) @ F.normalize(second[:, :prefix], dim=1).T / options.temperature
        total = total + F.cross_entropy(scores, aim) + F.cross_entropy(scores.T, aim)
    return total / (2 * len(options.prefixes))


def neighbourhoods(corpus, generator, count=600, rounds=6):
    """A cluster for each text (spherical k-means on the teacher's vectors)."""
    sample = torch.from_numpy(generator.choice(corpus.rows, min(60_000, len(corpus.rows)), replace=False))
    points = F.normalize(corpus.vectors[sample].float(), dim=1)
    centres = points[:count].clone()
    for _ in range(rounds):
        nearest = (points @ centres.T).argmax(1)
        centres = F.normalize(torch.zeros_like(centres).index_add_(0, nearest, points), dim=1)
    parts = [(chunk.float() @ centres.T).argmax(1) for chunk in corpus.vectors.split(20_000)]
    return torch.cat(parts).numpy()


def epoch_order(corpus, clusters, run, generator):
    """All rows once, in runs of neighbours, the runs in random order: a batch then holds hard and easy pairs."""
    rows = generator.permutation(corpus.rows)
    rows = rows[np.argsort(clusters[rows], kind="stable")]
    runs = np.array_split(rows, max(1, len(rows) // run))
    return np.concatenate([runs[i] for i in generator.permutation(len(runs))])


def general_features(tokens, inputs):
    """What the vocabulary says of a token by itself [n, 4]: its rank (BERT's vocabulary runs from frequent to rare),
    whether it continues a word, its length, and the length of its input embedding."""
    columns = [
        np.log1p(np.arange(len(tokens))),
        [token.startswith("##") for token in tokens],
        [len(token.removeprefix("##")) for token in tokens],
        np.linalg.norm(inputs, axis=1),
    ]
    features = np.array(columns, np.float32).T
    return (features - features.mean(axis=0)) / features.std(axis=0) / 4


class Table(torch.nn.Module):
    """The rows of all tokens while they are trained.

    A row is an image, shared by all tokens, of what the teacher knows of the token (its vector alone, its input
    embedding, its rank in the vocabulary) plus a correction of its own; so is the logarithm of its weight. A token
    that the texts seldom or never show thus still moves with the tokens like it. Everything is folded into plain
    rows at the end.
    """

    def __init__(self, singles, inputs, tokens, axes, weights):
        super().__init__()
        features = [singles, table.unit(inputs - inputs.mean(axis=0)), general_features(tokens, inputs)]
        self.features = torch.from_numpy(np.concatenate(features, axis=1).astype(np.float32))
        shared = np.zeros((self.features.shape[1], axes.shape[1]), np.float32)
        shared[:len(axes)] = axes
        self.shared = torch.nn.Parameter(torch.from_numpy(shared))
        self.emphasis = torch.nn.Parameter(torch.zeros(self.features.shape[1]))
        self.own_rows = torch.nn.Parameter(torch.zeros(len(weights), axes.shape[1]))
        self.own_weights = torch.nn.Parameter(torch.from_numpy(np.log(weights)))

    def weighted_rows(self, tokens):
        features = self.features[tokens]
        weights = (features @ self.emphasis + self.own_weights[tokens]).exp()
        return (features @ self.shared + self.own_rows[tokens]) * weights[:, None]

    def forward(self, ids, offsets):
        tokens, places = torch.unique(ids, return_inverse=True)
        return F.embedding_bag(places, self.weighted_rows(tokens), offsets, mode="sum")

    def folded(self):
        with torch.no_grad():
            rows = self.weighted_rows(torch.arange(len(self.own_rows))).numpy()
        return rows / np.linalg.norm(rows, axis=1).mean()


def similarity_loss(student, target, wanted, options):
    """How far the similarities of one prefix are from the teacher's: KL of each row's softmax, and squared error."""
    found = student @ student.T
    diagonal = torch.eye(len(found), dtype=torch.bool)
    sharp = (found / options.temperature).masked_fill(diagonal, -1e4)
    divergence = F.kl_div(F.log_softmax(sharp, 1), wanted, reduction="batchmean")
    return divergence + options.square * F.mse_loss(found, target)


def loss_of(vectors, target, axes, options):
    similar = target @ target.T
    diagonal = torch.eye(len(similar), dtype=torch.bool)
    wanted = F.softmax((similar / options.temperature).masked_fill(diagonal, -1e4), 1)
    projected = target @ axes
    total = 0
    for prefix in options.prefixes:
        student = F.normalize(vectors[:, :prefix], dim=1)
        aim = F.normalize(projected[:, :prefix], dim=1)
        total = total + options.cosine * (1 - (student * aim).sum(1).mean())
        total = total + similarity_loss(student, similar, wanted, options)
    return total / len(options.prefixes)


def tell_agreement(vectors, target, log):
    """Share of the teacher's 10 nearest that are among the student's 10 nearest, by prefix."""
    truth = (target @ target.T).fill_diagonal_(-2).topk(10, 1).indices
    shares = []
    for prefix in table.PREFIXES:
        student = F.normalize(vectors[:, :prefix], dim=1)
        found = (student @ student.T).fill_diagonal_(-2).topk(10, 1).indices
        shares.append((found[:, :, None] == truth[:, None, :]).any(2).float().mean().item())
    log("  held-out neighbours shared with the teacher: "
        + ", ".join(f"{p}: {s:.3f}" for p, s in zip(table.PREFIXES, shares)))


def agreement(model, corpus, log, count=6_000):
    ids, offsets, target = corpus.batch(corpus.held_out[:count])
    with torch.no_grad():
        tell_agreement(model(ids, offsets), target, log)


def train(model, corpus, pairs, axes, options, log):
    generator = np.random.default_rng(options.seed)
    clusters = neighbourhoods(corpus, generator)
    log("neighbourhoods made")
    # A large epsilon keeps the step of a seldom seen token small, so that its row stays near the shared image.
    optimiser = torch.optim.Adam(
        [{"params": [model.shared, model.emphasis], "lr": options.rate / 5},
         {"params": [model.own_rows, model.own_weights], "eps": options.epsilon}], lr=options.rate)
    steps = options.epochs * (len(corpus.rows) // options.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [g["lr"] for g in optimiser.param_groups], steps, pct_start=0.05)
    agreement(model, corpus, log)
    for epoch in range(options.epochs):
        order, total = epoch_order(corpus, clusters, options.run, generator), 0.0
        batches = len(order) // options.batch
        for rows in np.split(order[:batches * options.batch], batches):
            ids, offsets, target = corpus.batch(rows)
            loss = loss_of(model(ids, offsets), target, axes, options)
            if options.pairs:
                loss = loss + options.pairs * pair_loss(model, pairs.batch(options.pair_batch, generator), options)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        log(f"epoch {epoch + 1}/{options.epochs}: loss {total / batches:.4f}")
        agreement(model, corpus, log)


def begin(options, name):
    """The folder of a run and its log; lists among the options become lists, and the run is seeded."""
    options.prefixes = [int(p) for p in options.prefixes.split(",")]
    options.without = set(filter(None, options.without.split(",")))
    options.without |= set(sources.RESEARCH_ONLY) if options.open_data_only else set()
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    log = Log(out / f"{name}{options.name}.txt")
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    log(f"options: {vars(options) | {'data': '', 'out': '', 'teacher': '', 'start': ''}}")
    return out, log


def main():
    options = parse()
    out, log = begin(options, "log")

    coach = teaching.Teacher(options.teacher or teaching.default_folder())
    parts, vocabulary = gather(options, coach, out / "teacher", log)
    kept, singles = token_vectors(coach, vocabulary, out / "teacher", log)
    corpus = Corpus(parts, kept, options.seed)
    log(f"{len(corpus.names)} texts, {len(corpus.flat)} tokens, {len(kept)} rows")

    axes = principal_axes(table.unit(corpus.vectors.float().numpy()), table.DIMS)
    frequency = np.bincount(corpus.flat, minlength=len(kept)) / len(corpus.flat)
    weights = (1e-3 / (1e-3 + frequency)).astype(np.float32)
    model = Table(singles, coach.input_embeddings(kept), kept, axes, weights)
    pairs = Pairs(options.data, kept, options.without) if options.pairs else None
    train(model, corpus, pairs, torch.from_numpy(axes), options, log)

    rows = model.folded()
    np.save(out / f"rows{options.name}.f32.npy", rows)
    table.write(out / f"text{options.name}.safetensors", rows)
    (out / f"vocab{options.name}.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")
    log("written")


if __name__ == "__main__":
    main()
