"""ONNX Runtime as an encoder of texts, for comparison: same weights, same texts, as many threads as it is told.

    onnx_encoder.py --model DIR --cache DIR --texts FILE

DIR is the directory of a BERT with mean pooling (all-MiniLM-L6-v2 for example). It is exported to ONNX once, pooling
and scaling to unit length included, and fused by ONNX Runtime's own optimiser; the cache keeps the result. FILE is
plain text, or JSON Lines with `title` and `text`, from which the inputs are made. Needs requirements-encoder.txt.

Commands come on standard input, one a line; every reply is one line of JSON, {"Ok": …} or {"Err": "…"}.

    LOAD threads               opens the model; replies with versions and vector width
    TEXTS batch tokens         the texts that RUN encodes: each has exactly `tokens` tokens, special ones included
    RUN batch tokens repeats   median and least milliseconds of a batch, with tokenising (`ms`) and without
                               (`forward_ms`); processor time of the whole process with tokenising (`cpu_ms`); and a
                               checksum of the vectors, their mean inner product with (1, 2, …, width) / width
    VECTORS batch tokens       the vectors themselves
"""

import argparse
import gzip
import json
import os
import statistics
import sys
import time
from itertools import cycle
from pathlib import Path


def export(folder, target):
    """Writes folder's model as ONNX: ids and mask [batch, tokens] to unit vectors [batch, width]."""
    import torch
    from onnxruntime.transformers.optimizer import optimize_model
    from transformers import AutoModel

    class Encoder(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            hidden = self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask[..., None].to(hidden.dtype)
            return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)

    model = AutoModel.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    encoder = Encoder(model).eval()
    ids = torch.randint(5, model.config.vocab_size, (2, 16))
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    plain = target.with_suffix(".unfused.onnx")
    axes = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        encoder,
        (ids, mask),
        str(plain),
        input_names=["input_ids", "attention_mask"],
        output_names=["vectors"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "vectors": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    heads, width = model.config.num_attention_heads, model.config.hidden_size
    optimize_model(str(plain), "bert", num_heads=heads, hidden_size=width, opt_level=0).save_model_to_file(str(target))
    with torch.inference_mode():
        wanted = encoder(ids, mask).numpy()
    plain.unlink()
    found = session(target, 1).run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})[0]
    if abs(found - wanted).max() > 1e-4:
        target.unlink()
        raise RuntimeError(f"the exported model differs from PyTorch by {abs(found - wanted).max():.1e}")


def session(path, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def words_of(path):
    """The words of a text file or of JSON Lines, in their order."""
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as lines:
        for line in lines:
            if ".jsonl" in path.name:
                note = json.loads(line)
                line = f"{note.get('title', '')} {note.get('text', '')}"
            yield from line.split()


class Worker:
    def __init__(self, model, cache, texts):
        from tokenizers import Tokenizer

        self.model = model
        self.path = cache / f"{model.resolve().name}-{model.stat().st_ino}.onnx"
        self.tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.specials = len(self.tokenizer.encode("").ids)
        self.words = list(words_of(texts))
        self.session = None

    def load(self, threads):
        import onnxruntime

        if not self.path.exists():
            export(self.model, self.path)
        start = time.perf_counter()
        self.session = session(self.path, threads)
        return {
            "load_ms": (time.perf_counter() - start) * 1e3,
            "onnxruntime": onnxruntime.__version__,
            "width": self.session.get_outputs()[0].shape[1],
        }

    def texts(self, batch, tokens):
        """Texts of exactly `tokens` tokens, from words in their order; a word that does not fit is left out."""
        stream, texts = cycle(self.words), []
        for _ in range(batch):
            text, room = [], tokens - self.specials
            while room > 0:
                word = next(stream)
                length = len(self.tokenizer.encode(word, add_special_tokens=False).ids)
                if 0 < length <= room:
                    text.append(word)
                    room -= length
            texts.append(" ".join(text))
        lengths = {len(encoded.ids) for encoded in self.tokenizer.encode_batch(texts)}
        if lengths != {tokens}:
            raise ValueError(f"no texts of {tokens} tokens with this tokenizer: {sorted(lengths)}")
        return texts

    def run(self, batch, tokens, repeats):
        texts = self.texts(batch, tokens)
        vectors = self.forward(self.tokenise(texts))
        whole, forward, processor = [], [], []
        for _ in range(repeats):
            used = time.process_time()
            start = time.perf_counter()
            inputs = self.tokenise(texts)
            middle = time.perf_counter()
            vectors = self.forward(inputs)
            end = time.perf_counter()
            whole.append((end - start) * 1e3)
            forward.append((end - middle) * 1e3)
            processor.append((time.process_time() - used) * 1e3)
        return {
            "ms": statistics.median(whole),
            "least_ms": min(whole),
            "forward_ms": statistics.median(forward),
            "least_forward_ms": min(forward),
            "cpu_ms": statistics.median(processor),
            "least_cpu_ms": min(processor),
            "checksum": checksum(vectors),
        }

    def vectors(self, batch, tokens):
        return [[float(value) for value in vector] for vector in self.forward(self.tokenise(self.texts(batch, tokens)))]

    def tokenise(self, texts):
        import numpy

        encoded = self.tokenizer.encode_batch(texts)
        return {
            "input_ids": numpy.array([one.ids for one in encoded], numpy.int64),
            "attention_mask": numpy.array([one.attention_mask for one in encoded], numpy.int64),
        }

    def forward(self, inputs):
        if self.session is None:
            raise RuntimeError("LOAD comes first")
        return self.session.run(None, inputs)[0]


def checksum(vectors):
    width = vectors.shape[1]
    return sum(float(vector[at]) * (at + 1) / width for vector in vectors for at in range(width)) / len(vectors)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True)
    arguments = parser.parse_args()
    # Tokenising takes one thread, whatever the model is given.
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    # Libraries that print must not print between replies.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = None
    for line in sys.stdin:
        try:
            worker = worker or Worker(arguments.model, arguments.cache, arguments.texts)
            command, *numbers = line.split()
            commands = {"LOAD": worker.load, "TEXTS": worker.texts, "RUN": worker.run, "VECTORS": worker.vectors}
            if command not in commands:
                raise ValueError(f"{command} is none of {', '.join(commands)}")
            reply = {"Ok": commands[command](*map(int, numbers))}
        except Exception as error:
            reply = {"Err": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply, ensure_ascii=False), file=replies, flush=True)


if __name__ == "__main__":
    main()
