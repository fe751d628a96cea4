"""The table itself: how a text becomes token ids and a vector, and how the table is stored.

A text is the mean of its tokens' rows, scaled to unit length. A token's weight is the length of its row. Rows are stored in
four bits a component with one f32 scale a row: sixteen even levels, component = (code - 7.5) * scale. Components i and i + 128
share a byte, the first in its low half.
"""

from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

DIMS = 256
PREFIXES = (32, 64, 128, 256)
NAME = "uninote-mini-1"
UNKNOWN = "[UNK]"


def kept_tokens(vocabulary):
    """The vocabulary without the entries no text can produce: `[unusedN]` and the markers `[PAD]`, `[CLS]`, …"""
    return [t for t in vocabulary if t == UNKNOWN or not (t.startswith("[") and t.endswith("]") and len(t) > 2)]


def tokenizer(tokens):
    """BERT's uncased WordPiece over `tokens` (id = position), without markers."""
    model = WordPiece({token: i for i, token in enumerate(tokens)}, unk_token=UNKNOWN, max_input_chars_per_word=100)
    built = Tokenizer(model)
    built.normalizer = BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True)
    built.pre_tokenizer = BertPreTokenizer()
    return built


def token_ids(texts, built):
    """Flat ids of all texts and the offset of each text (n + 1 numbers)."""
    encoded = [e.ids for e in built.encode_batch_fast(list(texts))]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(ids) for ids in encoded], out=offsets[1:])
    return np.fromiter((i for ids in encoded for i in ids), np.int32, offsets[-1]), offsets


def unit(vectors):
    """Rows scaled to unit length; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def load(folder):
    """The tokenizer and the rows of a folder of text.safetensors and vocab.txt."""
    tokens = (Path(folder) / "vocab.txt").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return tokenizer(tokens), read(Path(folder) / "text.safetensors")


def embed(texts, built, rows):
    """Unit vectors [n, DIMS] of `texts`; a text without tokens is read as one unknown token."""
    flat, offsets = token_ids(texts, built)
    unknown = [built.token_to_id(UNKNOWN)]
    pieces = (flat[a:b] if b > a else unknown for a, b in zip(offsets[:-1], offsets[1:]))
    return unit(np.stack([rows[ids].mean(axis=0) for ids in pieces]))


# Shares of a row's greatest component that are tried as the outermost level: cutting off a little makes the steps finer.
REACHES = np.linspace(0.45, 1.0, 23)
MIDDLE = 7.5


def quantise(rows):
    """Codes [V, DIMS] from 0 to 15 and scales [V], of the tried reaches those with the least squared error."""
    greatest = np.abs(rows).max(axis=1)
    codes, scales = np.zeros(rows.shape, np.uint8), np.zeros(len(rows), np.float32)
    least = np.full(len(rows), np.inf)
    for reach in REACHES:
        tried = (np.where(greatest > 0, greatest, 1) * reach / MIDDLE).astype(np.float32)
        found = (np.clip(np.floor(rows / tried[:, None]), -8, 7) + 8).astype(np.uint8)
        error = np.square((found - MIDDLE) * tried[:, None] - rows).sum(axis=1)
        better = error < least
        codes[better], scales[better], least[better] = found[better], tried[better], error[better]
    return codes, scales


def write(path, rows):
    codes, scales = quantise(rows)
    low, high = np.split(codes, 2, axis=1)
    metadata = {"name": NAME, "dims": str(DIMS), "prefixes": ",".join(map(str, PREFIXES))}
    save_file({"codes": low | high << 4, "scales": scales}, str(path), metadata=metadata)


def read(path):
    """The rows [V, DIMS] in f32 of a stored table."""
    with safe_open(str(path), framework="numpy") as file:
        codes, scales = file.get_tensor("codes"), file.get_tensor("scales")
    return (np.concatenate([codes & 15, codes >> 4], axis=1) - np.float32(MIDDLE)) * scales[:, None]
