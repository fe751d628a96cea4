//! The head that comes with the library: what orders answers until an index has one of its own.

use super::{Head, Schema};
use std::sync::LazyLock;

static BYTES: &[u8] = include_bytes!("shipped/head.safetensors");

static SHIPPED: LazyLock<Option<Head>> = LazyLock::new(|| match Head::from_bytes(BYTES, &Schema::built_in()) {
    Ok(head) => Some(head),
    Err(error) => {
        tracing::error!(%error, "the head of this build cannot be read: answers are ordered by the rule");
        None
    }
});

/// The head of this build. How it was made is in `shipped/README.md`; none only in a build that is broken.
#[must_use]
pub fn shipped() -> Option<&'static Head> {
    SHIPPED.as_ref()
}
