//! The query vector as each space wants it: as it is for comparisons in full width, its turned prefix for codes. It is
//! turned again only for a longer prefix, however many segments or widened attempts ask for it: turning costs as much as
//! hundreds of comparisons.

use crate::segment::OpenSpace;
use std::cell::RefCell;
use std::rc::Rc;

/// A query vector and its turned prefixes so far.
pub(super) struct Axes {
    vector: Rc<[f32]>,
    turned: RefCell<Vec<(u64, Rc<[f32]>)>>,
}

impl Axes {
    /// For a vector in the encoder's own axes.
    pub(super) fn of(vector: &[f32]) -> Self {
        Self { vector: Rc::from(vector), turned: RefCell::default() }
    }

    /// The vector in full.
    pub(super) fn full(&self) -> &[f32] {
        &self.vector
    }

    /// What the space's codes are made of: at least as many leading components as a code has.
    pub(super) fn coded(&self, space: &OpenSpace<'_>) -> Rc<[f32]> {
        let Some((id, rotation)) = space.meta.rotation.zip(space.rotation) else { return Rc::clone(&self.vector) };
        let dims = (space.meta.code_dims as usize).min(rotation.width());
        let mut known = self.turned.borrow_mut();
        if let Some((_, turned)) = known.iter().find(|(number, turned)| *number == id && turned.len() >= dims) {
            return Rc::clone(turned);
        }
        let turned: Rc<[f32]> = Rc::from(rotation.coarse_prefix(&self.vector, dims));
        known.push((id, Rc::clone(&turned)));
        turned
    }
}
