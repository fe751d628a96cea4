//! When a call gives up: a flag that another thread sets, a deadline.

use super::options::SearchOptions;
use crate::error::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A flag that stops long calls from another thread. Clones are the same flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is not set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets it: calls that watch it return [`Error::Cancelled`] soon.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is set.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for Cancel {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Deadline and cancellation of one call, asked at every few steps of it.
pub(crate) struct Limits {
    cancel: Option<Cancel>,
    until: Option<(Instant, Duration)>,
}

impl Limits {
    /// The limits of a search that starts now.
    pub(crate) fn start(options: &SearchOptions) -> Self {
        let until = options.deadline.and_then(|allowed| Instant::now().checked_add(allowed).map(|at| (at, allowed)));
        Self { cancel: options.cancel.clone(), until }
    }

    /// An error once the call should stop.
    pub(crate) fn check(&self) -> Result<()> {
        if self.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return Err(Error::Cancelled);
        }
        match self.until {
            Some((at, deadline)) if Instant::now() >= at => Err(Error::Deadline { deadline }),
            _ => Ok(()),
        }
    }
}
