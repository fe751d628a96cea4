//! Recall on real embeddings, where they are at hand.

use super::*;
use std::path::{Path, PathBuf};

/// The folder of real data, or nothing.
fn data(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let folder = std::env::var_os("UNINOTE_DATA").map_or(beside, PathBuf::from).join(name);
    if !folder.is_dir() {
        eprintln!("skipped: no {}", folder.display());
    }
    folder.is_dir().then_some(folder)
}

/// The body of a NumPy file, whose header ends at byte 128 for arrays as small as these.
fn body(path: &Path) -> Vec<u8> {
    let mut bytes = std::fs::read(path).unwrap();
    assert!(bytes.starts_with(b"\x93NUMPY"));
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes.drain(..10 + header);
    bytes
}

fn halves(path: &Path) -> Vec<f32> {
    body(path).chunks_exact(2).map(|pair| half(u16::from_le_bytes([pair[0], pair[1]]))).collect()
}

/// An IEEE 754 half as a single; what the data holds is finite.
fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2_f32.powi(-24),
        exponent => (1024.0 + fraction) * 2_f32.powi(exponent - 25),
    };
    sign * magnitude
}

#[test]
fn the_default_recall_is_reached_on_real_sentence_vectors() {
    let Some(folder) = data("minilm-15k") else { return };
    let (index, _) = external(384);
    for (row, vector) in halves(&folder.join("base.f16.npy")).chunks_exact(384).enumerate() {
        put(&index, &row.to_string(), vector);
    }
    index.compact(None).unwrap();
    let truth = body(&folder.join("gt.u32.npy"));
    let queries = halves(&folder.join("queries.f16.npy"));
    let mut right = 0;
    for (query, truth) in queries.chunks_exact(384).zip(truth.chunks_exact(400)) {
        let best = truth.chunks_exact(4).take(10);
        let best: Vec<String> = best.map(|row| u32::from_le_bytes(row.try_into().unwrap()).to_string()).collect();
        let answer = index.search(Query::vector(query), &SearchOptions::new()).unwrap();
        assert!(answer.stages.rescored < 3_000, "the codes decide, not a scan of all vectors: {:?}", answer.stages);
        right += ids(&answer).into_iter().filter(|id| best.iter().any(|best| best == id)).count();
    }
    let recall = right as f64 / 5_000.0;
    assert!(recall >= 0.95, "{recall}");
}
