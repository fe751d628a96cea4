//! What a long build asks its caller, and the threads it runs on.

use super::GraphError;
use rayon::ThreadPool;
use std::ops::Range;

/// Nodes between two looks at the cancel flag, a thread.
const CHUNK_NODES: usize = 1024;

/// One place for cancel flag and threads, so that every step of a build treats them alike.
pub(super) struct Watch<'a> {
    cancel: &'a dyn Fn() -> bool,
    pool: ThreadPool,
    nodes: usize,
}

impl<'a> Watch<'a> {
    /// Starts the threads for a build of some nodes.
    pub(super) fn new(cancel: &'a dyn Fn() -> bool, threads: usize, nodes: usize) -> Result<Self, GraphError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| GraphError::Threads { reason: error.to_string() })?;
        Ok(Self { cancel, pool, nodes })
    }

    /// One step: runs `work` on consecutive ranges that cover the nodes, on the build's threads, between looks at the
    /// flag.
    pub(super) fn in_chunks(&self, work: impl FnMut(Range<usize>) + Send) -> Result<(), GraphError> {
        self.over(0..self.nodes, work)
    }

    /// As [`Watch::in_chunks`], for some of the nodes: part of a step.
    pub(super) fn over(
        &self,
        nodes: Range<usize>,
        mut work: impl FnMut(Range<usize>) + Send,
    ) -> Result<(), GraphError> {
        let chunk = CHUNK_NODES * self.pool.current_num_threads();
        for start in nodes.clone().step_by(chunk) {
            self.check()?;
            let end = nodes.end.min(start + chunk);
            self.pool.install(|| work(start..end));
        }
        Ok(())
    }

    /// Runs `work` on the build's threads, in one go.
    pub(super) fn whole<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, GraphError> {
        self.check()?;
        Ok(self.pool.install(work))
    }

    /// Asks the caller whether to go on.
    pub(super) fn check(&self) -> Result<(), GraphError> {
        if (self.cancel)() { Err(GraphError::Cancelled) } else { Ok(()) }
    }
}
