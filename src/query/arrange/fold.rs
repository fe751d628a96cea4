//! Near-copies of a hit under that hit.

/// A hit and those folded under it, by their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fold {
    pub(super) first: usize,
    pub(super) under: Vec<usize>,
}

/// Folds each hit under the first one before it that stands for itself and that it is a copy of. A copy of a copy is
/// compared with the one that stands, not with the copy: a chain does not fold into one.
pub(super) fn folded(hits: impl Iterator<Item = usize>, copies: impl Fn(usize, usize) -> bool) -> Vec<Fold> {
    let mut folds: Vec<Fold> = Vec::new();
    for hit in hits {
        match folds.iter_mut().find(|fold| copies(fold.first, hit)) {
            Some(fold) => fold.under.push(hit),
            None => folds.push(Fold { first: hit, under: Vec::new() }),
        }
    }
    folds
}
