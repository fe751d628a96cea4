//! True neighbours by comparing everything, and recall against them.

use crate::Outcome;
use crate::data::{Matrix, row_numbers, write_row_numbers};
use rayon::prelude::*;
use simsimd::SpatialSimilarity;
use std::path::Path;

/// True neighbours kept for each query.
const DEPTH: usize = 100;
/// Base rows compared with all queries of a thread before the next: as many as stay in a processor's own cache.
const BLOCK: usize = 512;
/// How far below the last true neighbour a score may lie and still count as equal to it.
const TIE: f32 = 1e-6;

fn score(left: &[f32], right: &[f32]) -> f32 {
    f32::dot(left, right).map_or(f32::NEG_INFINITY, |dot| dot as f32)
}

/// The true neighbours from a file, if it fits these queries.
pub(crate) fn read(path: &Path, queries: usize, base: usize, k: usize) -> Outcome<Matrix<u32>> {
    let truth = row_numbers(path)?;
    let beyond = truth.flat.iter().any(|row| *row as usize >= base);
    if truth.len() != queries || truth.width < k || beyond {
        let [file, found, depth] = [path.display().to_string(), truth.len().to_string(), truth.width.to_string()];
        return Err(format!(
            "{file} holds {depth} neighbours for {found} queries where {k} or more of {base} rows are needed for \
             {queries}; remove it to have them computed"
        )
        .into());
    }
    Ok(truth)
}

/// Computes the true neighbours, best first, and writes them to a file.
pub(crate) fn compute(base: &Matrix<f32>, queries: &Matrix<f32>, path: &Path) -> Outcome<Matrix<u32>> {
    let width = DEPTH.min(base.len());
    let rows: Vec<&[f32]> = queries.rows().collect();
    let share = rows.len().div_ceil(4 * rayon::current_num_threads()).max(1);
    let flat = rows.par_chunks(share).flat_map_iter(|queries| nearest(base, queries, width)).collect();
    let truth = Matrix { width, flat };
    write_row_numbers(path, &truth)?;
    Ok(truth)
}

fn nearest(base: &Matrix<f32>, queries: &[&[f32]], width: usize) -> Vec<u32> {
    let better = |left: &(f32, u32), right: &(f32, u32)| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1));
    let mut best: Vec<Vec<(f32, u32)>> = vec![Vec::new(); queries.len()];
    for (block, rows) in base.flat.chunks(BLOCK * base.width).enumerate() {
        for (query, best) in queries.iter().zip(&mut best) {
            let numbers = (block * BLOCK) as u32..;
            best.extend(rows.chunks_exact(base.width).zip(numbers).map(|(row, number)| (score(query, row), number)));
            if best.len() > width {
                best.select_nth_unstable_by(width - 1, better);
                best.truncate(width);
            }
        }
    }
    best.iter_mut().for_each(|best| best.sort_by(better));
    best.into_iter().flatten().map(|(_, row)| row).collect()
}

/// Judges answers: a row is right if it scores as well as the k-th true neighbour, so that ties are nobody's fault.
pub(crate) struct Judge {
    pub(crate) base: Matrix<f32>,
    pub(crate) queries: Matrix<f32>,
    k: usize,
    /// Score that a row needs, for each query.
    needed: Vec<f32>,
}

impl Judge {
    pub(crate) fn new(base: Matrix<f32>, queries: Matrix<f32>, truth: &Matrix<u32>, k: usize) -> Outcome<Self> {
        if !(1..=truth.width).contains(&k) {
            return Err(
                format!("{} true neighbours are known; give --k at least 1 and at most that", truth.width).into()
            );
        }
        let needed = queries.rows().zip(truth.rows()).map(|(query, truth)| {
            let last = truth.get(k - 1).and_then(|row| base.row(*row as usize));
            last.map_or(f32::INFINITY, |row| score(query, row)) - TIE
        });
        let needed = needed.collect();
        Ok(Self { base, queries, k, needed })
    }

    /// Mean share of the k nearest that were found; `found` has k rows for each of the first `queries`.
    pub(crate) fn recall(&self, found: &[u32], queries: usize) -> Outcome<f64> {
        if !(1..=self.queries.len()).contains(&queries) || found.len() != self.k * queries {
            let [rows, due, all] = [found.len(), self.k * queries, self.queries.len()];
            return Err(format!("{rows} rows came back where {due} were due for {queries} of {all} queries").into());
        }
        let right = |((query, needed), rows): ((&[f32], &f32), &[u32])| {
            let mut rows = rows.to_vec();
            rows.sort_unstable();
            rows.dedup();
            let vectors = rows.iter().filter_map(|row| self.base.row(*row as usize));
            vectors.filter(|row| score(query, row) >= *needed).count().min(self.k)
        };
        let right: usize = self.queries.rows().zip(&self.needed).zip(found.chunks_exact(self.k)).map(right).sum();
        Ok(right as f64 / found.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four directions, the second one twice.
    fn base() -> Matrix<f32> {
        Matrix { width: 2, flat: vec![1.0, 0.0, 0.6, 0.8, 0.6, 0.8, 0.0, 1.0, -1.0, 0.0] }
    }

    fn judge(k: usize) -> Judge {
        let truth = Matrix { width: 3, flat: vec![0, 1, 2] };
        Judge::new(base(), Matrix { width: 2, flat: vec![1.0, 0.0] }, &truth, k).expect("enough neighbours")
    }

    #[test]
    fn true_neighbours_come_best_first() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("truth.npy");
        let queries = Matrix { width: 2, flat: vec![1.0, 0.0, -1.0, 0.0] };
        let truth = compute(&base(), &queries, &path).expect("a working disk");
        assert_eq!(truth, Matrix { width: 5, flat: vec![0, 1, 2, 3, 4, 4, 3, 1, 2, 0] });
        assert_eq!(read(&path, 2, 5, 3).expect("a valid file"), truth);
        assert!(read(&path, 3, 5, 3).is_err(), "made for two queries");
        assert!(read(&path, 2, 4, 3).is_err(), "made for five rows");
    }

    #[test]
    fn ties_count_and_repeats_do_not() {
        let recall = |found: &[u32]| judge(2).recall(found, 1).expect("rows for one query");
        assert_eq!(recall(&[0, 1]), 1.0);
        assert_eq!(recall(&[0, 2]), 1.0);
        assert_eq!(recall(&[0, 0]), 0.5);
        assert_eq!(recall(&[3, 0]), 0.5);
        assert_eq!(recall(&[u32::MAX, u32::MAX]), 0.0);
        assert!(judge(2).recall(&[0], 1).is_err());
        assert!(judge(2).recall(&[], 0).is_err(), "nothing to take a mean of");
        assert!(judge(2).recall(&[0, 1, 0, 1], 2).is_err(), "only one query is known");
    }

    #[test]
    fn more_neighbours_than_known_are_refused() {
        let truth = Matrix { width: 1, flat: vec![0] };
        assert!(Judge::new(base(), Matrix { width: 2, flat: vec![1.0, 0.0] }, &truth, 2).is_err());
    }
}
