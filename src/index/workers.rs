//! The threads that read, decode and encode on many cores: an index's own. A caller may write from tasks of a pool of its own
//! and wait there for all of its threads, so none of that pool may be needed for the work.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::OnceLock;

/// A thread for each core, started when there is something to do.
#[derive(Default)]
pub(super) struct Workers {
    pool: OnceLock<Option<ThreadPool>>,
}

impl Workers {
    /// Does this on these threads and waits for it. Where the system gives none, the work is done all the same.
    pub(super) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let start = || {
            let named = ThreadPoolBuilder::new().thread_name(|number| format!("uninote-work-{number}"));
            named.build().inspect_err(|error| tracing::warn!(%error, "no threads to encode on")).ok()
        };
        match self.pool.get_or_init(start) {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}
