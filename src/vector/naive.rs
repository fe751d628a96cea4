//! The exact twin: plain double-precision arithmetic that judges every approximation.
//!
//! Nothing here is fast, and nothing here shares code with what it judges.

use super::Vectors;

/// Dot product in `f64`, over the shorter of the two lengths.
#[must_use]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum()
}

/// Dot product of codes in `i64`, over the shorter of the two lengths.
#[must_use]
pub(crate) fn dot_codes(a: &[i8], b: &[i8]) -> i64 {
    a.iter().zip(b).map(|(&x, &y)| i64::from(x) * i64::from(y)).sum()
}

/// Dot product in `i64` of a query with a code of half a byte a component: the low halves of bytes meet the first half of the
/// query, the high halves the second.
#[must_use]
pub(crate) fn dot_nibbles(query: &[i8], code: &[i8]) -> i64 {
    let levels = code.iter().map(|byte| i64::from(byte.cast_unsigned() % 16));
    let levels = levels.chain(code.iter().map(|byte| i64::from(byte.cast_unsigned() / 16)));
    query.iter().zip(levels).map(|(&component, level)| i64::from(component) * level).sum()
}

/// The exact `k` nearest rows by cosine, best first, as (row, cosine); ties go to the lower row.
///
/// Rows and query need not be unit vectors; a zero vector has cosine 0 with everything.
#[must_use]
pub(crate) fn top_k(vectors: &Vectors, query: &[f32], k: usize) -> Vec<(u32, f32)> {
    let query_length = dot(query, query).sqrt();
    let mut scored: Vec<(u32, f64)> = (0_u32..)
        .zip(vectors)
        .map(|(row, vector)| {
            let lengths = query_length * dot(vector, vector).sqrt();
            let cosine = if lengths == 0.0 { 0.0 } else { dot(vector, query) / lengths };
            (row, cosine)
        })
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored.truncate(k);
    scored.into_iter().map(|(row, cosine)| (row, cosine as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_come_first_and_ties_go_to_the_lower_row() {
        let rows = vec![0.0, 2.0, 1.0, 0.0, 3.0, 0.0, -1.0, 0.0, 0.0, 0.0];
        let vectors = Vectors::from_flat(2, rows).unwrap();
        let found = top_k(&vectors, &[2.0, 0.0], 9);
        assert_eq!(found, [(1, 1.0), (2, 1.0), (0, 0.0), (4, 0.0), (3, -1.0)]);
        assert_eq!(top_k(&vectors, &[2.0, 0.0], 1).len(), 1);
    }

    #[test]
    fn dots_by_hand() {
        assert_eq!(dot(&[1.0, 2.0, 3.0], &[4.0, 5.0]), 14.0);
        assert_eq!(dot_codes(&[-128; 4], &[-128; 4]), 65_536);
        assert_eq!(dot_nibbles(&[1, 10, 100, -1], &[0x21, 0x43]), 1 + 30 + 200 - 4);
    }
}
