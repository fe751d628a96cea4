"""The pictures that the picture tower is taught on, each with texts about it.

Each public origin is a folder of `--data`, named as in MODEL_CARD.md. Of flickr8k only the split `train` is taught; of
openclipart and fashion-products a tenth is held out, chosen by a hash of the file's name, less those of which a copy under
another name is taught.
"""

import hashlib
import json
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from sources import records

# Side of the squares that are kept in memory; every picture is drawn out to a square.
STORED = 112

# Sources whose terms allow research and education only, or that state none.
RESEARCH_ONLY = ("flickr8k", "imagenet-sample-1k")


class Picture:
    """A picture of `origin`: where it lies and what is said about it; `held_out` ones are for judging only."""

    def __init__(self, origin, path, texts, held_out=False):
        self.origin, self.path, self.held_out = origin, Path(path), held_out
        self.texts = list(dict.fromkeys(text.strip() for text in texts if text and text.strip()))

    def digest(self):
        """Equal for copies of one file."""
        return hashlib.sha256(self.path.read_bytes()).digest()


def in_tenth(name):
    """Whether a name belongs to the tenth that is held out."""
    return zlib.crc32(name.encode()) % 10 == 0


def photos(folder):
    for r in records(folder / "captions.jsonl"):
        if r["split"] in ("train", "dev"):
            yield Picture("flickr8k", folder / r["image"], r["captions"], r["split"] != "train")


def drawings(folder):
    for r in records(folder / "captions.jsonl"):
        words = ", ".join(r["keywords"])
        texts = [r["caption"], f"{r['caption']}: {words}", words, r.get("description")]
        yield Picture("openclipart", folder / r["image"], texts, in_tenth(Path(r["image"]).stem))


def products(folder):
    for r in records(folder / "captions.jsonl"):
        said = f"{r['colour']} {r['article_type']} for {r['gender']}, {r['usage']}"
        yield Picture("fashion-products", folder / r["image"], [r["caption"], said], in_tenth(r["id"]))


def samples(folder):
    for r in records(folder / "captions.jsonl"):
        yield Picture("imagenet-sample-1k", folder / r["image"], [r["caption"], f"a photo of a {r['caption']}"])


def emoji(folder):
    """One picture of each emoji in each of two sets, skin tones left out."""
    for r in json.loads((folder / "emoji.json").read_text(encoding="utf-8")):
        names = [n.replace("_", " ").replace("-", " ") for n in r["short_names"]]
        texts = [r["name"].lower(), ", ".join([*names, r["subcategory"].replace("-", " ")])]
        for style in ("google", "twitter"):
            path = folder / "img" / style / "64" / r["image"]
            if path.exists():
                yield Picture("emoji-datasource", path, texts)


def stamps(folder):
    """Photos and drawings with a sentence each; the English one is the first line beside them."""
    for path in sorted(folder.glob("**/*.png")):
        beside = path.with_suffix(".txt")
        if beside.exists():
            text = beside.read_text(encoding="utf-8", errors="replace").split("\n")[0]
            yield Picture("tuxpaint-stamps", path, [text, path.stem.replace("_", " ").replace("-", " ")])


READERS = {"flickr8k": photos, "openclipart": drawings, "fashion-products": products, "imagenet-sample-1k": samples,
           "emoji-datasource": emoji, "tuxpaint-stamps": stamps}


def all_pictures(data, without=()):
    """Every picture under `data` that has a text, but for held-out copies of those that are taught."""
    found = []
    for origin, reader in READERS.items():
        if origin not in without:
            found += [picture for picture in reader(Path(data) / origin) if picture.texts]
    taught = {picture.digest() for picture in found if not picture.held_out}
    return [picture for picture in found if not (picture.held_out and picture.digest() in taught)]


def opaque(image):
    """RGB; what is transparent lies on white."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image)
    return image.convert("RGB")


def square(image, side=STORED):
    """[3, side, side] unsigned bytes."""
    drawn = opaque(image).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(drawn, np.uint8).transpose(2, 0, 1)


def name_of(pictures):
    """Equal for the same pictures in the same order."""
    named = hashlib.sha256(f"{STORED}\n".encode())
    for picture in pictures:
        named.update(f"{picture.origin} {picture.path.name}\n".encode())
    return named.hexdigest()[:16]


def load(pictures):
    """[n, 3, STORED, STORED] unsigned bytes."""
    out = np.empty((len(pictures), 3, STORED, STORED), np.uint8)
    for at, picture in enumerate(pictures):
        with Image.open(picture.path) as image:
            out[at] = square(image)
    return out
