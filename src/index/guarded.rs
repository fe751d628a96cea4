//! The encoder, called so that a fault of it is an error and never more.

use crate::encode::{EncodeError, Encoder, Input, Role, encode_checked};
use crate::vector::Vectors;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most inputs given to an encoder at once: bounds its memory.
pub(super) const INPUTS: usize = 256;

/// As [`encode_checked`]. A panic of the encoder is an error like others: encoders keep no state between calls, so the next
/// call finds it as it was.
pub(super) fn encode(encoder: &dyn Encoder, role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError> {
    let caught = catch_unwind(AssertUnwindSafe(|| encode_checked(encoder, role, inputs)));
    caught.unwrap_or_else(|panic| {
        let why = format!("it panicked: {}", said(panic.as_ref()));
        Err(EncodeError::Failed { encoder: encoder.info().name.clone(), why })
    })
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
