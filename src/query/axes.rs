//! The query vector in the axes of each space it meets: turned once a rotation, however many segments, hits or widened
//! attempts ask for it. Turning costs as much as a few hundred full comparisons, more than a walk itself.

use crate::error::Result;
use crate::segment::OpenSpace;
use std::cell::RefCell;
use std::rc::Rc;

/// A query vector and its turned forms so far.
pub(super) struct Axes {
    vector: Rc<[f32]>,
    turned: RefCell<Vec<(u64, Rc<[f32]>)>>,
}

impl Axes {
    /// For a vector in the encoder's own axes.
    pub(super) fn of(vector: &[f32]) -> Self {
        Self { vector: Rc::from(vector), turned: RefCell::default() }
    }

    /// The vector in a space's own axes.
    ///
    /// # Errors
    /// Where the rotation has another width than the vector.
    pub(super) fn query(&self, space: &OpenSpace<'_>) -> Result<Rc<[f32]>> {
        let Some((id, rotation)) = space.meta.rotation.zip(space.rotation) else { return Ok(Rc::clone(&self.vector)) };
        let mut known = self.turned.borrow_mut();
        if let Some((_, turned)) = known.iter().find(|(number, _)| *number == id) {
            return Ok(Rc::clone(turned));
        }
        let mut turned = self.vector.to_vec();
        rotation.apply(&self.vector, &mut turned)?;
        let turned: Rc<[f32]> = Rc::from(turned);
        known.push((id, Rc::clone(&turned)));
        Ok(turned)
    }
}
