"""Trains the picture tower towards the table's space:

    python train_pictures.py --data DIR --out OUT --weights OUT

Stages: read the pictures and what the picture teacher sees in them (both kept in OUT), train a guide from what the
teacher sees to the texts' space, train the tower from nothing: to tell a picture's texts from others and a text's picture
from others (InfoNCE at every prefix, targets softened by the guide), to see what the teacher sees, and to give two views of
a picture one vector. Writes OUT/picture.pt and, in eight bits, OUT/picture.safetensors.
"""

import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import distil
import picture_teacher
import picture_tower
import pictures as reading
import table
from picture_tower import DIMS, WIDE, PictureTower, components, embed
from views import views

# Texts as alike as this are taken to say the same: neither counts against the other.
SAME = 0.95
NEVER = -1e4


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--weights", required=True, help="folder of text.safetensors and vocab.txt of the table")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--batch", type=int, default=192, help="different pictures in a step")
    parser.add_argument("--twice", type=int, default=64, help="of these, how many are seen in a second view")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=0.05)
    parser.add_argument("--others", type=int, default=1024, help="further texts, and pictures, that are told apart in a step")
    parser.add_argument("--sides", default="48,48,64,64,80,96", help="side of the pictures, by equal parts of the steps")
    parser.add_argument("--soft", type=float, default=0.5, help="share of the guide in the targets; 0 is without")
    parser.add_argument("--near", type=float, default=1.0, help="weight of the distance to the guide's vector")
    parser.add_argument("--seen", type=float, default=2.0, help="weight of seeing what the teacher sees")
    parser.add_argument("--alike", type=float, default=0.3, help="weight of two views being one")
    parser.add_argument("--smallest", type=float, default=0.4, help="smallest part of a picture that is seen of it")
    parser.add_argument("--prefixes", default="32,64,128,256")
    parser.add_argument("--without", default="")
    parser.add_argument("--open-data-only", action="store_true")
    parser.add_argument("--resume", help="a tower to go on from")
    parser.add_argument("--name", default="")
    return parser.parse_args()


def kept(path, make):
    """The array at `path`, made first where it is not there."""
    if not path.exists():
        partial = path.with_suffix(".partial.npy")
        np.save(partial, make())
        partial.rename(path)
    return np.load(path)


class Texts:
    """Vectors of all texts, and which belong to each picture: `first[p] .. first[p + 1]`."""

    def __init__(self, pictures, weights):
        texts = [text for picture in pictures for text in picture.texts]
        vectors = table.embed(texts, *table.load(weights))
        self.vectors = torch.from_numpy(vectors.astype(np.float32))
        self.first = np.concatenate([[0], np.cumsum([len(p.texts) for p in pictures])])

    def one_each(self, rows, generator):
        """One text of each picture."""
        return self.first[rows] + (generator.random(len(rows)) * (self.first[rows + 1] - self.first[rows])).astype(int)

    def told_apart(self, rows, all_rows, count, generator):
        """A text of each of `rows` and then `count` of any picture; and which of them are no wrong answer though they are not
        the right one: other texts of the same picture, and texts that say the same."""
        owners = np.concatenate([rows, generator.choice(all_rows, count)])
        said = self.vectors[self.one_each(owners, generator)]
        own = torch.from_numpy(rows[:, None] == owners) | (said[:len(rows)] @ said.T > SAME)
        return said, own.fill_diagonal_(False)


class Scales(nn.Module):
    """How sharp similarities are taken, learned for each direction."""

    def __init__(self):
        super().__init__()
        self.logs = nn.Parameter(torch.full((3,), math.log(12.0)))

    def forward(self, which):
        return self.logs[which].clamp(max=math.log(60.0)).exp()


def unit(vectors, prefix):
    return F.normalize(vectors[:, :prefix], dim=1)


def told_apart(first, second, same, scale, soft, prefixes):
    """InfoNCE of `first` rows among all of `second`, their mates at the same places; `same` hides doubles, `soft` blends
    in a distribution for the targets."""
    total, aim = 0, torch.arange(len(first))
    for prefix in prefixes:
        scores = (unit(first, prefix) @ unit(second, prefix).T * scale).masked_fill(same, NEVER)
        logs = F.log_softmax(scores, 1)
        loss = -logs[aim, aim].mean()
        if soft is not None:
            share, wanted = soft
            loss = (1 - share) * loss - share * (wanted * logs.clamp(min=NEVER)).sum(1).mean()
        total = total + loss
    return total / len(prefixes)


def train_guide(seen, texts, rows, watched, options, log, epochs=15, batch=512):
    """A network from what the teacher sees to the texts' space; returns its unit vectors of all pictures."""
    generator = np.random.default_rng(options.seed)
    net = nn.Sequential(nn.Dropout(0.3), nn.Linear(seen.shape[1], 1024), nn.GELU(), nn.Dropout(0.5), nn.Linear(1024, DIMS))
    scales = Scales()
    optimiser = torch.optim.AdamW([*net.parameters(), *scales.parameters()], 1e-3, weight_decay=0.1)
    steps = epochs * (len(rows) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-3, steps, pct_start=0.1)
    for _ in range(epochs):
        for part in np.split(generator.permutation(rows), range(batch, len(rows), batch)):
            if len(part) < batch:
                continue
            said, hidden = texts.told_apart(part, rows, options.others, generator)
            found, own = net(seen[part]), said[:len(part)]
            loss = told_apart(found, said, hidden, scales(0), None, options.prefixes)
            loss = loss + told_apart(own, found, hidden[:, :len(part)], scales(1), None, options.prefixes)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    with torch.no_grad():
        vectors = F.normalize(net.eval()(seen), dim=1)
    tell("guide", vectors[watched], watched, texts, log)
    return vectors, scales(0).item()


def tell(name, vectors, watched, texts, log):
    """Recall@10 of the watched pictures by their first texts."""
    shares = []
    for prefix in (64, DIMS):
        scores = unit(texts.vectors[texts.first[watched]], prefix) @ unit(vectors, prefix).T
        found = (scores.topk(10, 1).indices == torch.arange(len(watched))[:, None]).any(1).float().mean().item()
        shares.append(f"{prefix}: {found:.3f}")
    log(f"  {name}: recall@10 of {len(watched)} watched pictures, " + ", ".join(shares))


class Training:
    """What one run of the tower keeps."""

    def __init__(self, images, seen, guide, texts, options):
        self.images, self.seen, self.texts, self.options = torch.from_numpy(images), seen, texts, options
        self.guide, self.guide_scale = guide
        self.tower = PictureTower().to(memory_format=torch.channels_last)
        self.foretell, self.scales = nn.Linear(WIDE, seen.shape[1]), Scales()
        # Of every picture the vector of its last view: what a text is told apart from beside the batch.
        self.memory = self.guide.clone()
        self.generator, self.dice = np.random.default_rng(options.seed), torch.Generator().manual_seed(options.seed)

    def loss(self, rows, all_rows, side):
        options, texts, generator = self.options, self.texts, self.generator
        twice = np.concatenate([rows, rows[:options.twice]])
        drawn = views(self.images[twice], side, options.smallest, self.dice)
        state, found = self.tower(components(drawn))
        again, found = found[len(rows):], found[:len(rows)]
        said, hidden = texts.told_apart(rows, all_rows, options.others, generator)
        own, guide, soft = said[:len(rows)], self.guide[rows], None
        if options.soft:
            wanted = (guide @ said.T * self.guide_scale).masked_fill(hidden, NEVER)
            soft = options.soft, F.softmax(wanted, 1)
        loss = told_apart(found, said, hidden, self.scales(0), soft, options.prefixes)
        more = generator.choice(all_rows, options.others)
        candidates = torch.cat([found, self.memory[more]])
        hidden = torch.cat([hidden[:, :len(rows)], (own @ texts.vectors[texts.first[more]].T > SAME)
                            | torch.from_numpy(rows[:, None] == more)], 1)
        loss = loss + told_apart(own, candidates, hidden, self.scales(1), None, options.prefixes)
        for prefix in options.prefixes if options.near else ():
            near = 1 - (unit(found, prefix) * unit(guide, prefix)).sum(1).mean()
            loss = loss + options.near * near / len(options.prefixes)
        if options.seen:
            loss = loss + options.seen * (1 - F.cosine_similarity(self.foretell(state), self.seen[twice]).mean())
        if options.alike:
            none = torch.zeros(len(again), len(found), dtype=torch.bool)
            loss = loss + options.alike * told_apart(again, found, none, self.scales(2), None, options.prefixes)
        self.memory[rows] = F.normalize(found.detach(), dim=1)
        return loss

    def run(self, rows, watched, path, log):
        options = self.options
        parameters = [*self.tower.parameters(), *self.foretell.parameters()]
        flat, deep = ([p for p in parameters if (p.ndim > 1) == deep] for deep in (False, True))
        optimiser = torch.optim.AdamW([{"params": deep, "weight_decay": options.decay},
                                       {"params": [*flat, *self.scales.parameters()], "weight_decay": 0.0}], options.rate)
        in_epoch = len(rows) // options.batch
        steps, step, since, total = options.epochs * in_epoch, 0, time.time(), 0.0
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda at: rate_at(at, steps))
        sides = [int(side) for side in options.sides.split(",")]
        for epoch in range(options.epochs):
            order = self.generator.permutation(rows)[:in_epoch * options.batch]
            for part in np.split(order, in_epoch):
                loss = self.loss(part, rows, sides[min(len(sides) * step // steps, len(sides) - 1)])
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(parameters, 5.0)
                optimiser.step()
                schedule.step()
                step, total = step + 1, total + loss.item()
                if step % 20 == 0:
                    log(f"step {step}/{steps}: loss {total / 20:.3f}, {(time.time() - since) / 20:.2f} s a step")
                    since, total = time.time(), 0.0
            self.tower.eval()
            tell(f"epoch {epoch + 1}", embed(lambda x: self.tower(x)[1], self.images[watched]), watched, self.texts, log)
            self.tower.train()
            torch.save(self.tower.state_dict(), path)
            since = time.time()


def rate_at(step, steps):
    """Linear up, cosine down to a hundredth."""
    warm = min(100, steps // 8)
    if step < warm:
        return (step + 1) / warm
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def main():
    options = parse()
    out, log = distil.begin(options, "log-pictures")
    found = reading.all_pictures(options.data, options.without | (set(reading.RESEARCH_ONLY) if options.open_data_only else set()))
    found = [picture for picture in found if not picture.held_out]
    name = reading.name_of(found)
    images = kept(out / f"pictures-{name}.npy", lambda: reading.load(found))
    seen = kept(out / f"features-{name}.npy", lambda: picture_teacher.features(images, log)).astype(np.float32)
    seen = torch.from_numpy((seen - seen.mean(0)) / (seen.std(0) + 1e-3)).clamp(-6, 6)
    texts = Texts(found, options.weights)
    log(f"{len(found)} pictures, {len(texts.vectors)} texts")

    photos = [i for i, picture in enumerate(found) if picture.origin == "flickr8k"]
    shuffled = np.random.default_rng(options.seed).permutation(photos or len(found))
    watched = np.sort(shuffled[:500])
    rows = np.setdiff1d(np.arange(len(found)), watched)
    guide = train_guide(seen, texts, rows, watched, options, log)
    training = Training(images, seen, guide, texts, options)
    if options.resume:
        training.tower.load_state_dict(torch.load(options.resume))
    training.run(rows, watched, out / f"picture{options.name}.pt", log)
    picture_tower.write(out / f"picture{options.name}.safetensors", training.tower)
    log("written")


if __name__ == "__main__":
    main()
