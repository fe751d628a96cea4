"""LanceDB's pre-filter at the selectivities of `compare filters`: `filtered.py DATA OUT`. Its times hold Python's share and its
threads' (wall time), so they are not for comparing to the microsecond; `ef` and `refine_factor` grow until recall is .99."""

import sys
import time
from pathlib import Path

import lancedb
import numpy as np

SHARES = (5_000, 2_000, 1_000, 400, 100, 10, 1)
K, RECALL = 10, 0.99


def vectors(folder, name):
    path = next(p for p in (folder / f"{name}{end}" for end in (".npy", ".f32.npy", ".f16.npy")) if p.exists())
    rows = np.load(path).astype(np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def table(base, place, out):
    database = lancedb.connect(out)
    if "rows" in database.list_tables().tables:
        return database.open_table("rows")
    rows = [{"id": i, "place": int(place[i]), "vector": base[i]} for i in range(len(base))]
    made = database.create_table("rows", rows)
    made.create_index(metric="dot", vector_column_name="vector", index_type="IVF_HNSW_SQ", num_partitions=1)
    made.create_scalar_index("place")
    return made


def main():
    folder, out = Path(sys.argv[1]), sys.argv[2]
    base, queries = vectors(folder, "base"), vectors(folder, "queries")
    queries = queries[:: max(1, len(queries) // 100)][:100]
    place = np.random.default_rng(3).permutation(len(base))
    rows = table(base, place, out)
    print("| let through | recall, ms (ef, refine) |\n|---|---|")
    for share in SHARES:
        matches = -(-len(base) * share // 10_000)
        inside = np.flatnonzero(place < matches)
        scores = queries @ base[inside].T
        truth = [set(inside[np.argsort(-row, kind="stable")[:K]]) for row in scores]
        for ef, refine in ((64, 1), (128, 2), (256, 4), (512, 8), (1024, 16)):
            started, right = time.perf_counter(), 0
            for query, wanted in zip(queries, truth):
                asked = rows.search(query).distance_type("dot").where(f"place < {matches}", prefilter=True)
                found = asked.ef(ef).refine_factor(refine).limit(K).select(["id"]).to_arrow()
                right += len(wanted & set(found["id"].to_pylist()))
            spent = (time.perf_counter() - started) / len(queries) * 1e3
            recall = right / sum(map(len, truth))
            if recall >= RECALL:
                break
        print(f"| {share / 100} % ({matches}) | {recall:.3f}, {spent:.2f} ({ef}, {refine}) |", flush=True)


if __name__ == "__main__":
    main()
