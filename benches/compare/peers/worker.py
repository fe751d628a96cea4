"""A worker for engines with Python bindings: `worker.py ENGINE CORE`, speaking what src/protocol.rs describes."""

import json
import math
import os
import sys
import time
from pathlib import Path

LINKS = 16
EF_CONSTRUCTION = 200
NOTHING = 0xFFFFFFFF


class Hnswlib:
    def __init__(self):
        import hnswlib

        self.lib = hnswlib

    def versions(self):
        from importlib.metadata import version

        return {"hnswlib": version("hnswlib")}

    def build(self, base, folder):
        index = self.lib.Index(space="ip", dim=base.shape[1])
        index.init_index(max_elements=len(base), M=LINKS, ef_construction=EF_CONSTRUCTION)
        index.add_items(base, num_threads=1)
        index.save_index(str(folder / "index.hnswlib"))
        (folder / "width").write_text(str(base.shape[1]))

    def open(self, folder):
        self.index = self.lib.Index(space="ip", dim=int((folder / "width").read_text()))
        self.index.load_index(str(folder / "index.hnswlib"))
        self.index.set_num_threads(1)

    def prepare(self, ef):
        # It refuses a beam narrower than the answer.
        self.ef = int(ef)

    def search(self, queries, k):
        self.index.set_ef(max(self.ef, k))
        return self.index.knn_query(queries, k=k, num_threads=1)[0], None


class Faiss:
    """What its three indexes have in common."""

    refined = True

    def __init__(self):
        import faiss

        self.lib = faiss
        faiss.omp_set_num_threads(1)

    def versions(self):
        return {"faiss": self.lib.__version__, "faiss compiled": self.lib.get_compile_options().strip()}

    def build(self, base, folder):
        index = self.make(*base.shape)
        index.train(base)
        index.add(base)
        self.lib.write_index(index, str(folder / "index.faiss"))

    def open(self, folder):
        self.index = self.lib.read_index(str(folder / "index.faiss"))
        self.coarse = self.lib.downcast_index(self.index.base_index) if self.refined else self.index

    def prepare(self, effort, k_factor=1.0):
        self.k_factor = k_factor
        if self.refined:
            self.index.k_factor = k_factor
        self.set_effort(int(effort))

    def search(self, queries, k):
        self.stats().reset()
        rows = self.index.search(queries, k)[1]
        again = k * self.k_factor if self.refined else 0
        return rows, self.stats().ndis / len(queries) + again


class FaissHnsw(Faiss):
    refined = False

    def make(self, _rows, width):
        return self.with_beam(self.lib.IndexHNSWFlat(width, LINKS, self.lib.METRIC_INNER_PRODUCT))

    def with_beam(self, index):
        index.hnsw.efConstruction = EF_CONSTRUCTION
        return index

    def set_effort(self, ef):
        self.coarse.hnsw.efSearch = ef

    def stats(self):
        return self.lib.cvar.hnsw_stats


class FaissHnswSq8(FaissHnsw):
    refined = True

    def make(self, _rows, width):
        metric = self.lib.METRIC_INNER_PRODUCT
        codes = self.with_beam(self.lib.IndexHNSWSQ(width, self.lib.ScalarQuantizer.QT_8bit, LINKS, metric))
        # Both parts outlive this function with the index that refers to them.
        self.parts = codes
        return self.lib.IndexRefineFlat(codes)


class FaissIvfPqFs(Faiss):
    def make(self, rows, width):
        # Four times the root of the rows, as its guidelines say, to the nearest power of two.
        lists = min(2 ** round(math.log2(4 * math.sqrt(rows))), 4096)
        return self.lib.index_factory(width, f"IVF{lists},PQ{width // 2}x4fs,RFlat", self.lib.METRIC_INNER_PRODUCT)

    def set_effort(self, nprobe):
        self.coarse.nprobe = nprobe

    def stats(self):
        return self.lib.cvar.indexIVF_stats


ENGINES = {
    "hnswlib": Hnswlib,
    "faiss-hnsw": FaissHnsw,
    "faiss-hnsw-sq8": FaissHnswSq8,
    "faiss-ivfpqfs": FaissIvfPqFs,
}


def memory():
    lines = (line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    kb = {name: int(value.split()[0]) for name, value in lines if value.strip().endswith("kB")}
    return {
        "rss_kb": kb["VmRSS"],
        "anon_kb": kb["RssAnon"],
        "file_kb": kb["RssFile"] + kb["RssShmem"],
        "peak_kb": kb["VmHWM"],
    }


class Worker:
    def __init__(self, name):
        import numpy

        self.numpy = numpy
        self.engine = ENGINES[name]()
        self.queries = {}

    def versions(self):
        return {**self.engine.versions(), "numpy": self.numpy.__version__, "python": sys.version.split()[0]}

    def build(self, base, dir):
        vectors = self.numpy.load(base)
        clock, processor = time.perf_counter(), time.process_time()
        self.engine.build(vectors, Path(dir))
        cpu_s, wall_s = time.process_time() - processor, time.perf_counter() - clock
        size = sum(path.stat().st_size for path in Path(dir).rglob("*") if path.is_file())
        return {"cpu_s": cpu_s, "wall_s": wall_s, "steps_cpu_s": {}, "bytes": size, "memory": memory()}

    def open(self, dir):
        before, clock = memory(), time.perf_counter()
        self.engine.open(Path(dir))
        return {"open_ms": (time.perf_counter() - clock) * 1e3, "before": before, "after": memory()}

    def search(self, queries, k, knob, ids):
        if queries not in self.queries:
            self.queries = {queries: self.numpy.load(queries)}
        self.engine.prepare(*knob)
        processor = time.process_time()
        rows, evaluations = self.engine.search(self.queries[queries], k)
        cpu_s = time.process_time() - processor
        self.numpy.where(rows < 0, NOTHING, rows).astype("<u4").tofile(ids)
        return {"cpu_s": cpu_s, "evaluations": evaluations, "memory": memory()}


def main():
    # Before any library is loaded: each counts processors and starts threads as it likes.
    os.sched_setaffinity(0, {int(sys.argv[2])})
    # Libraries that print must not print between replies.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            # Only now, so that a library that is missing becomes a reply.
            worker = worker or Worker(sys.argv[1])
            reply = {"Ok": getattr(worker, request.pop("command"))(**request)}
        except ImportError as error:
            reply = {"Err": f"{error}; install peers/requirements.txt and name its Python with --python"}
        except Exception as error:
            reply = {"Err": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
