"""Stage 2 of the table: policy gradient on the reward of rankings, beside more of stage 1 on the same lists.

    python stage2.py --data DIR --weights DIR --out OUT

Lists: texts that belong together (a term and its definition, a title and its text, ...), each first text with its mate and the 49
texts of the same source that the table itself puts nearest. What may change: the weight of each token and one linear map of the
space, both of which fold into the rows. Orderings are drawn from the model's own scores (Plackett-Luce), the reward is nDCG@10, a
draw counts by how much better it is than its group (Shao et al. 2024), and the scores of stage 1 hold it (Kullback-Leibler).
`supervised` maximises the log-probability of the mate at the top instead, on the same lists. A tenth of the lists is held out.
Figures on sets that taught nothing are those of `evaluate.py`, with the interval of the paired difference to stage 1.
"""

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import distil
import sources
import table
from evaluate import PAIRS, SETS, Collection, pair_figures, read_pairs

CANDIDATES, DEPTH, DRAWS = 50, 10, 8
# (name, leash, rate). All are run with every seed.
SETTINGS = (("rl, leash .01, rate .001", 0.01, 1e-3), ("rl, leash .1, rate .001", 0.1, 1e-3),
            ("rl, leash .01, rate .0003", 0.01, 3e-4), ("supervised, rate .001", None, 1e-3))
TEMPERATURE = 0.05
# Texts as alike as this to the mate may answer too: they are no candidates.
SAME = 0.95


class Lists:
    """Token ids of all texts, and of each list its question and its candidates, the mate first."""

    def __init__(self, options, built, rows, generator):
        self.ids, questions, candidates, start = [], [], [], 0
        unknown = built.token_to_id(table.UNKNOWN)
        for name, first, second in sources.text_pairs(options.data):
            count = min(len(first), options.texts)
            if count <= 2 * CANDIDATES:
                continue
            sides = [[np.array(e.ids[:192] or [unknown], np.int64) for e in built.encode_batch_fast(side[:count])] for side in (first, second)]
            asked = generator.choice(count, min(count, options.lists), replace=False)
            near = mined(vectors_of(sides[0], rows)[asked], vectors_of(sides[1], rows), asked)
            self.ids += sides[0] + sides[1]
            questions.append(start + asked)
            candidates.append(start + count + near)
            start += 2 * count
        self.questions, self.candidates = np.concatenate(questions), np.concatenate(candidates)
        order = generator.permutation(len(self.questions))
        self.held_out, self.rows = np.split(order, [len(order) // 10])

    def batch(self, rows):
        texts = np.concatenate([self.questions[rows], self.candidates[rows].ravel()])
        return distil.flat([self.ids[text] for text in texts])


def vectors_of(ids, rows):
    flat, offsets = distil.flat(ids)
    return F.normalize(F.embedding_bag(flat, torch.from_numpy(rows), offsets, mode="sum"), dim=1)


def mined(asked, corpus, mates, part=512):
    """[questions, CANDIDATES] places in the corpus: the mate, then the nearest that do not say the same as it."""
    out = np.empty((len(mates), CANDIDATES), np.int64)
    for at in range(0, len(mates), part):
        own = torch.from_numpy(mates[at:at + part])
        scores = asked[at:at + part] @ corpus.T
        scores[corpus[own] @ corpus.T > SAME] = -2
        out[at:at + part, 1:] = scores.topk(CANDIDATES - 1, 1).indices
        out[at:at + part, 0] = own
    return out


class Policy(torch.nn.Module):
    """Weights of tokens and a map, over rows that stay."""

    def __init__(self, rows):
        super().__init__()
        self.rows = torch.from_numpy(rows)
        self.logs = torch.nn.Parameter(torch.zeros(len(rows)))
        self.map = torch.nn.Parameter(torch.eye(rows.shape[1]))

    def scores(self, flat, offsets, count):
        """[count, CANDIDATES] similarities over the temperature."""
        weights = self.logs[flat].exp()
        vectors = F.embedding_bag(flat, self.rows, offsets, mode="sum", per_sample_weights=weights) @ self.map
        vectors = F.normalize(vectors, dim=1)
        asked, others = vectors[:count], vectors[count:].view(count, CANDIDATES, -1)
        return (others @ asked[:, :, None]).squeeze(2) / TEMPERATURE

    def folded(self):
        with torch.no_grad():
            return ((self.rows * self.logs.exp()[:, None]) @ self.map).numpy()


def reward(place):
    """nDCG@10 of the mate at a place from 0."""
    return torch.where(place < DEPTH, 1 / torch.log2(place + 2.0), torch.zeros(()))


def log_probability(scores, order):
    """Of the first DEPTH places of drawn orders [draws, lists, CANDIDATES] (Plackett-Luce)."""
    drawn = scores.expand(order.shape).gather(2, order)
    rest = drawn.flip(2).logcumsumexp(2).flip(2)
    return (drawn - rest)[:, :, :DEPTH].sum(2)


def loss_of(scores, before, leash):
    if leash is None:
        return -F.log_softmax(scores, 1)[:, 0].mean()
    with torch.no_grad():
        noise = -torch.empty((DRAWS, *scores.shape)).exponential_().log()
        order = (scores + noise).argsort(2, descending=True)
        rewards = reward((order == 0).float().argmax(2))
        advantage = (rewards - rewards.mean(0)) / (rewards.std(0) + 1e-2)
    gain = (advantage * log_probability(scores, order)).mean()
    kept = F.kl_div(F.log_softmax(scores, 1), F.log_softmax(before, 1), log_target=True, reduction="batchmean")
    return leash * kept - gain


@torch.no_grad()
def rewards_of(policy, lists, rows, most=2_000):
    out = []
    for part in np.array_split(rows[:most], max(1, min(len(rows), most) // 200)):
        scores = policy.scores(*lists.batch(part), len(part))
        out.append(reward((scores > scores[:, :1]).sum(1)))
    return torch.cat(out).mean().item()


def train(policy, lists, leash, rate, seed, options, log):
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    first = Policy(policy.rows.numpy())
    optimiser = torch.optim.Adam([{"params": [policy.logs], "lr": rate * 5}, {"params": [policy.map], "lr": rate}])
    curve = []
    for step in range(options.steps + 1):
        if step % max(1, options.steps // 5) == 0:
            curve.append((step, rewards_of(policy, lists, lists.rows), rewards_of(policy, lists, lists.held_out)))
            log("  step {}: reward {:.4f} on what it learns from, {:.4f} held out".format(*curve[-1]))
        if step == options.steps:
            break
        rows = generator.choice(lists.rows, options.batch, replace=False)
        flat, offsets = lists.batch(rows)
        with torch.no_grad():
            before = first.scores(flat, offsets, len(rows))
        loss = loss_of(policy.scores(flat, offsets, len(rows)), before, leash)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return curve


class Judge:
    """The sets of `evaluate.py`, tokenised once."""

    def __init__(self, data, built, names):
        self.built, self.known = built, {}
        self.collections = {name: Collection(Path(data) / name, SETS[name]) for name in names if name in SETS}
        self.pairs = {name: read_pairs(Path(data) / "sts-pairs/pairs.jsonl.gz", PAIRS[name]) for name in names if name in PAIRS}

    def encode(self, texts, rows):
        key = (len(texts), texts[0], texts[-1])
        if key not in self.known:
            self.known[key] = [np.array(e.ids or [self.built.token_to_id(table.UNKNOWN)], np.int64)
                               for e in self.built.encode_batch_fast(list(texts))]
        return vectors_of(self.known[key], rows).numpy()

    def figures(self, rows, prefix=table.DIMS):
        """Values by set: one a query, or the mean correlation."""
        out = {}
        for name, collection in self.collections.items():
            asked, found = (table.unit(self.encode(texts, rows)[:, :prefix]) for texts in (collection.queries, collection.texts))
            out[name] = collection.ndcg(asked @ found.T)
        for name, files in self.pairs.items():
            out[name] = np.array([pair_figures(files, lambda texts: self.encode(texts, rows), prefix)[0]])
        return out


def told(before, after):
    """Mean after, and the interval of the paired difference."""
    difference = after - before
    generator = np.random.default_rng(1)
    means = [difference[generator.integers(0, len(difference), len(difference))].mean() for _ in range(2_000)]
    return [round(float(v), 4) for v in (after.mean(), difference.mean(), *np.percentile(means, [2.5, 97.5]))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--weights", required=True, help="folder of text.safetensors and vocab.txt")
    parser.add_argument("--out", required=True)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--texts", type=int, default=20_000, help="texts of a source that are searched")
    parser.add_argument("--lists", type=int, default=3_000, help="lists of a source")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--sets", default="scifact,nfcorpus,cranfield,flickr8k,arguana,sts,sick")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    log = distil.Log(out / "log-stage2.txt")
    built, rows = table.load(options.weights)
    lists = Lists(options, built, rows, np.random.default_rng(1))
    log(f"{len(lists.questions)} lists of {len(lists.ids)} texts")
    judge = Judge(options.data, built, options.sets.split(","))
    before = {prefix: judge.figures(rows, prefix) for prefix in (256, 64)}
    log("stage 1: " + json.dumps({p: {n: round(float(v.mean()), 4) for n, v in f.items()} for p, f in before.items()}))
    results = {}
    for name, leash, rate in SETTINGS:
        for seed in map(int, options.seeds.split(",")):
            log(f"{name}, seed {seed}")
            policy, since = Policy(rows), time.time()
            curve = train(policy, lists, leash, rate, seed, options, log)
            folded = policy.folded()
            found = {p: {n: told(before[p][n], v) for n, v in judge.figures(folded, p).items()} for p in before}
            results[f"{name}, seed {seed}"] = {"curve": curve, "figures": found, "seconds": round(time.time() - since)}
            log("  " + json.dumps(found[256]))
            (out / "results-stage2.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
