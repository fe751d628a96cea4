//! Rows with equal codes: one stands for all of them while the graph is built.
//!
//! A walk sees equal codes as equally near. When more of them lie together than its beam is wide it can end among them,
//! and links spent on them lead nowhere else. So only one of each kind takes part in the build; the others are then hung
//! below it as a tree, near enough to be found and off every way through.

use super::beam::Space;
use super::{EMPTY, Links, neighbours_of};
use std::collections::HashMap;

/// Children of a row in the tree of its equals.
const FAN_OUT: usize = 2;

/// Which rows are equal.
pub(super) struct Twins {
    /// First row of each kind.
    firsts: Vec<u32>,
    /// Kind of each row.
    kinds: Vec<u32>,
}

impl Twins {
    /// Finds equal rows.
    pub(super) fn of(space: &Space) -> Self {
        let mut known: HashMap<&[i8], u32> = HashMap::with_capacity(space.len());
        let mut firsts = Vec::new();
        let mut kinds = Vec::with_capacity(space.len());
        for row in 0..space.len() as u32 {
            let kind = *known.entry(space.code(row)).or_insert(firsts.len() as u32);
            if kind as usize == firsts.len() {
                firsts.push(row);
            }
            kinds.push(kind);
        }
        Self { firsts, kinds }
    }

    /// Whether no row equals another.
    pub(super) fn is_empty(&self) -> bool {
        self.firsts.len() == self.kinds.len()
    }

    /// One row of each kind.
    pub(super) fn distinct(&self, space: Space) -> Space {
        if self.is_empty() { space } else { space.gather(&self.firsts) }
    }

    /// All rows again.
    pub(super) fn all(&self, distinct: Space) -> Space {
        distinct.gather(&self.kinds)
    }

    /// Links of kinds to links of rows: equals hang below the first of their kind, whose last links, the least telling
    /// ones, make way for the first children.
    pub(super) fn spread(&self, of_kinds: Links) -> Links {
        let mut families: Vec<Vec<u32>> = vec![Vec::new(); self.firsts.len()];
        for (row, &kind) in (0_u32..).zip(&self.kinds) {
            families[kind as usize].push(row);
        }
        let degree = of_kinds.degree as usize;
        let mut neighbours = vec![EMPTY; self.kinds.len() * degree];
        for (kind, family) in (0_u32..).zip(&families) {
            let outward = neighbours_of(&of_kinds, kind);
            for (place, &row) in family.iter().enumerate() {
                let children = family.iter().skip(place * FAN_OUT + 1).take(FAN_OUT);
                let parent = place.checked_sub(1).map(|before| &family[before / FAN_OUT]);
                let others = outward.iter().map(|&other| &self.firsts[other as usize]);
                let slots = &mut neighbours[row as usize * degree..][..degree];
                for (slot, &link) in slots.iter_mut().zip(children.chain(parent).chain(others)) {
                    *slot = link;
                }
            }
        }
        Links { degree: of_kinds.degree, entry: self.firsts[of_kinds.entry as usize], neighbours }
    }
}
