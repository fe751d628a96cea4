"""The picture tower on pictures that taught it nothing, in the 8 bits it is stored in:

    python evaluate_pictures.py --data DIR --weights DIR --out DIR

Text to picture and picture to text on the 1,000 dev photos of flickr8k (five captions each) and on the held-out tenths of
openclipart and fashion-products (title, one each; a copy, or one with the very same title, counts as found). Picture to picture: the
dev photos among themselves and the held-out drawings and products, each asked for by twelve changed forms of it: recall@1, and the
precision of the threshold that finds 95 %. Products by product: share of the ten nearest held-out products of the same
article type. Intervals are percentile bootstraps over pictures.
"""

import argparse
import io
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

import pictures as reading
import table
from evaluate import interval
from picture_tower import DIMS, SIDE, embed, read
from sources import records


def recompressed(image, quality):
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=quality)
    return Image.open(stored).convert("RGB")


def cropped(image, share):
    """The middle part of the picture."""
    width, height = image.size
    across, down = width * (1 - share) / 2, height * (1 - share) / 2
    return image.crop((int(across), int(down), int(width - across), int(height - down)))


def captioned(image):
    drawn = image.copy()
    width, height = drawn.size
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((0, int(height * 0.8), width, height), fill="black")
    pen.text((width // 10, int(height * 0.82)), "a line of text", fill="white")
    return drawn


def framed(image):
    width, height = image.size
    ground = Image.new("RGB", (width + width // 5, height + height // 5), "white")
    ground.paste(image, (width // 10, height // 10))
    return ground


def grainy(image):
    levels = np.asarray(image, np.float32)
    grain = np.random.default_rng(1).normal(0, 12, levels.shape)
    return Image.fromarray((levels + grain).clip(0, 255).astype(np.uint8))


CHANGES = {
    "recompressed, quality 15": lambda image: recompressed(image, 15),
    "half the size": lambda image: image.resize((max(1, image.width // 2), max(1, image.height // 2)), Image.Resampling.BILINEAR),
    "middle 80 % of each side": lambda image: cropped(image, 0.8),
    "middle 65 % of each side": lambda image: cropped(image, 0.65),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "turned by 5 degrees": lambda image: image.rotate(5, Image.Resampling.BILINEAR, fillcolor="white"),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "brighter by 40 %": lambda image: ImageEnhance.Brightness(image).enhance(1.4),
    "less contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.6),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(image.width / 75)),
    "a caption over it": captioned,
    "a frame around it": framed,
    "grainy": grainy,
}
# Thresholds of near-duplicates; the library's default is the first.
COSINES = (0.95, 0.9, 0.85)
# Thirteen are listed; mirrored pictures are another picture to some, so they are shown and not counted among the twelve.
NOT_COUNTED = "mirrored"


def recall(scores, right, depth):
    """Whether one of the right columns is among the `depth` best of each row."""
    best = np.argpartition(-scores, min(depth, scores.shape[1] - 1), axis=1)[:, :depth]
    return np.take_along_axis(right, best, axis=1).any(axis=1).astype(float)


def precision_at(scores, right, share=0.95):
    """Precision of the highest threshold that still finds `share` of the right pairs."""
    threshold = np.quantile(scores[right], 1 - share)
    return right[scores >= threshold].mean()


class Report:
    def __init__(self, path):
        self.path, self.figures = path, {}

    def __call__(self, name, values):
        """A mean over pictures, with its interval."""
        self.keep(name, [float(np.mean(values)), *interval(np.asarray(values, float), 2_000)])

    def keep(self, name, figures):
        self.figures[name] = [round(float(v), 4) for v in figures]
        value, *bounds = self.figures[name]
        print(f"{name:62} {value:.4f}  {bounds or ''}", flush=True)
        self.path.write_text(json.dumps(self.figures, indent=1))


def by_picture(values, owners, count):
    """The mean of each picture's values."""
    return np.bincount(owners, values, count) / np.bincount(owners, minlength=count)


def both_ways(name, seen, said, owners, same, report):
    """Recall of pictures by their texts and of texts by their pictures. `same` says which pictures count for which."""
    right = same[owners]
    for prefix in (DIMS, 64):
        scores = table.unit(said[:, :prefix]) @ table.unit(seen[:, :prefix]).T
        for depth in (1, 5, 10):
            found = by_picture(recall(scores, right, depth), owners, len(seen))
            report(f"{name}, {prefix}: text to picture, recall@{depth}", found)
        for depth in (1, 5, 10) if prefix == DIMS else ():
            report(f"{name}, {prefix}: picture to text, recall@{depth}", recall(scores.T, right.T, depth))


def changed_forms(name, tower, images, seen, copies, report):
    """Each picture asked for by changed forms of it; a copy of it is as good."""
    counted = []
    for change, apply in CHANGES.items():
        squares = np.stack([reading.square(apply(image), SIDE) for image in images])
        scores = embed(tower, torch.from_numpy(squares)).numpy() @ seen.T
        found = recall(scores, copies, 1)
        report(f"{name}, {change}: recall@1", found)
        if change != NOT_COUNTED:
            counted.append((found, scores))
    report(f"{name}, twelve changes: recall@1", np.mean([found for found, _ in counted], axis=0))
    scores, right = np.concatenate([scores for _, scores in counted]), np.tile(copies, (len(counted), 1))
    report.keep(f"{name}, twelve changes: precision at 95 % found", [precision_at(scores, right)])
    for cosine in COSINES:
        report.keep(f"{name}, twelve changes: share of them at {cosine} and more", [(scores[right] >= cosine).mean()])
        report.keep(f"{name}, twelve changes: precision at {cosine} and more", [right[scores >= cosine].mean()])


def same_kind(data, held_out, seen, report, depth=10):
    """Share of the ten nearest products that are of the article type of the one asked for."""
    kinds = {r["id"]: r["article_type"] for r in records(Path(data) / "fashion-products/captions.jsonl")}
    kinds = np.array([kinds[picture.path.stem] for picture in held_out])
    scores = seen @ seen.T
    np.fill_diagonal(scores, -2)
    best = np.argsort(-scores, axis=1)[:, :depth]
    report("fashion-products: ten nearest of the same article type", (kinds[best] == kinds[:, None]).mean(axis=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--weights", required=True, help="folder of text.safetensors, vocab.txt and picture.safetensors")
    parser.add_argument("--out", required=True, help="folder for results-pictures.json")
    parser.add_argument("--name", default="", help="suffix of the tower (ablation)")
    options = parser.parse_args()
    Path(options.out).mkdir(parents=True, exist_ok=True)
    report = Report(Path(options.out) / f"results-pictures{options.name}.json")
    tower = read(Path(options.weights) / f"picture{options.name}.safetensors")
    built, rows = table.load(options.weights)

    held_out = [picture for picture in reading.all_pictures(options.data) if picture.held_out]
    for origin in ("flickr8k", "openclipart", "fashion-products"):
        own = [picture for picture in held_out if picture.origin == origin]
        images = [reading.opaque(Image.open(picture.path)) for picture in own]
        seen = embed(tower, torch.from_numpy(np.stack([reading.square(image, SIDE) for image in images]))).numpy()
        counts = [len(picture.texts) if origin == "flickr8k" else 1 for picture in own]
        said = table.embed([text for picture, count in zip(own, counts) for text in picture.texts[:count]], built, rows)
        owners = np.repeat(np.arange(len(own)), counts)
        digests = np.array([hash(picture.digest()) for picture in own])
        titles = np.arange(len(own)) if origin == "flickr8k" else np.array([picture.texts[0].lower() for picture in own])
        copies = digests[:, None] == digests
        name = f"{origin} ({len(own)})"
        both_ways(name, seen, said, owners, copies | (titles[:, None] == titles), report)
        changed_forms(name, tower, images, seen, copies, report)
        if origin == "fashion-products":
            same_kind(options.data, own, seen, report)


if __name__ == "__main__":
    main()
