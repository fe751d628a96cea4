"""Trains the text tower from the table of `distil.py`:

    python train_text.py --data DIR --out DIR --start TABLE [--teacher DIR]

The same texts, teacher vectors (kept in OUT/teacher) and losses as for the table: similarities inside a batch are the
teacher's at every prefix, and texts find their mates. In the last part the rows of the table are held in sixteen levels, as
they are stored. Writes OUT/text.pt.
"""

import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import distil
import table
import teacher as teaching
from text_tower import TextTower, trained


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--start", required=True, help="the stored table that the tower starts from")
    parser.add_argument("--resume", help="a tower to go on from, instead of one that is the table yet")
    parser.add_argument("--teacher")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=9000)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--row-rate", type=float, default=3e-4)
    parser.add_argument("--temperature", type=float, default=0.05)
    parser.add_argument("--cosine", type=float, default=1.0)
    parser.add_argument("--square", type=float, default=10.0)
    parser.add_argument("--pairs", type=float, default=0.2)
    parser.add_argument("--pair-batch", type=int, default=128)
    parser.add_argument("--pair-every", type=int, default=2, help="steps from one batch of pairs to the next")
    parser.add_argument("--run", type=int, default=16)
    parser.add_argument("--stored-from", type=float, default=0.75, help="share of the steps after which rows have sixteen levels")
    parser.add_argument("--prefixes", default="32,64,128,256")
    parser.add_argument("--without", default="")
    parser.add_argument("--open-data-only", action="store_true")
    parser.add_argument("--name", default="")
    return parser.parse_args()


def aligned_axes(start, corpus, dims, generator, count=40_000):
    """The directions [384, dims] in which the teacher's vectors lie most like the table's (Schönemann 1966)."""
    rows = generator.choice(corpus.rows, min(count, len(corpus.rows)), replace=False)
    ids, offsets, target = corpus.batch(rows)
    vectors = F.normalize(F.embedding_bag(ids, start, offsets, mode="sum"), dim=1)
    left, _, right = torch.linalg.svd(target.T @ vectors, full_matrices=False)
    return (left @ right)[:, :dims].contiguous()


def texts_of(corpus, rows):
    return [corpus.flat[corpus.offsets[row]:corpus.offsets[row] + corpus.lengths[row]] for row in rows]


def pair_texts(pairs, size, generator, longest=96):
    sizes = np.array([b - a for a, b in pairs.origins], float)
    a, b = pairs.origins[generator.choice(len(sizes), p=sizes / sizes.sum())]
    rows = generator.choice(np.arange(a, b), min(size, b - a), replace=False)
    return [[side[row][:longest] for row in rows] for side in pairs.sides]


def agreement(model, corpus, log, count=4_000):
    rows = corpus.held_out[:count]
    _, _, target = corpus.batch(rows)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        vectors = model(texts_of(corpus, rows)).float()
    distil.tell_agreement(vectors, target, log)


def rate_at(step, steps, warm=150):
    """Linear up, cosine down to a fiftieth."""
    if step < warm:
        return (step + 1) / warm
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def rows_of_batches(corpus, clusters, options, generator):
    while True:
        order = distil.epoch_order(corpus, clusters, options.run, generator)
        batches = len(order) // options.batch
        yield from np.split(order[:batches * options.batch], batches)


def train(model, corpus, pairs, axes, options, log):
    generator = np.random.default_rng(options.seed)
    clusters = distil.neighbourhoods(corpus, generator)
    log("neighbourhoods made")
    layers = [p for name, p in model.named_parameters() if name != "rows"]
    optimiser = torch.optim.Adam([{"params": layers, "lr": options.rate},
                                  {"params": [model.rows], "lr": options.row_rate, "eps": 1e-6}])
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate_at(step, options.steps))
    agreement(model, corpus, log)
    total, since, batches = 0.0, time.time(), rows_of_batches(corpus, clusters, options, generator)
    for step in range(options.steps):
        model.stored = step >= options.stored_from * options.steps
        rows = next(batches)
        _, _, target = corpus.batch(rows)
        texts, sides = texts_of(corpus, rows), None
        if options.pairs and step % options.pair_every == 0:
            sides = pair_texts(pairs, options.pair_batch, generator)
            texts = texts + sides[0] + sides[1]
        with torch.autocast("cpu", torch.bfloat16):
            vectors = model(texts).float()
        loss = distil.loss_of(vectors[:len(rows)], target, axes, options)
        total += loss.item()
        if sides:
            first, second = vectors[len(rows):].chunk(2)
            loss = loss + options.pairs * options.pair_every * distil.pair_loss(lambda x: x, ((first,), (second,)), options)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(layers, 1.0)
        optimiser.step()
        schedule.step()
        if step < 5 or (step + 1) % 100 == 0:
            log(f"step {step + 1}/{options.steps}: loss {total / (1 if step < 5 else 100):.4f}, {time.time() - since:.1f} s")
            total, since = 0.0, time.time()
        if (step + 1) % 500 == 0:
            agreement(model, corpus, log)
            torch.save(model.state_dict(), Path(options.out) / f"text{options.name}.pt")


def main():
    options = parse()
    out, log = distil.begin(options, "log-text")

    coach = teaching.Teacher(options.teacher or teaching.default_folder())
    parts, vocabulary = distil.gather(options, coach, out / "teacher", log)
    kept = table.kept_tokens(vocabulary)
    corpus = distil.Corpus(parts, kept, options.seed)
    log(f"{len(corpus.names)} texts, {len(corpus.flat)} tokens, {len(kept)} rows")
    start = torch.from_numpy(table.read(options.start))
    model = TextTower(start.numpy(), options.layers)
    if options.resume:
        model = trained(options.resume)
    axes = aligned_axes(start, corpus, table.DIMS, np.random.default_rng(options.seed))
    pairs = distil.Pairs(options.data, kept, options.without) if options.pairs else None
    train(model, corpus, pairs, axes, options, log)
    agreement(model, corpus, log)
    torch.save(model.state_dict(), out / f"text{options.name}.pt")
    log("written")


if __name__ == "__main__":
    main()
