//! Encoding beside everything else, on two threads: one reads and decodes, the other encodes what is ready. All queues are
//! bounded, so that memory stays flat however fast notes come.

use super::prepare::{Assembly, Recipe, Step, failed, read};
pub(super) use super::prepare::{Done, Job};
use super::workers::Workers;
use crate::error::Result;
use crossbeam::channel::{Receiver, Sender, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Batches waiting on either side of the encoder.
const QUEUE: usize = 4;

/// The encoding threads and their queues.
pub(super) struct Pipeline {
    jobs: Option<Sender<Vec<Job>>>,
    done: Receiver<Vec<Done>>,
    in_flight: usize,
    /// Whether a thread ended with batches in its hands.
    lost: bool,
    /// Whether nobody waits for what is under way.
    stopped: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Pipeline {
    /// Starts the threads.
    pub(super) fn start(recipe: Recipe) -> Result<Self> {
        let (jobs, incoming) = bounded::<Vec<Job>>(QUEUE);
        // From hand to hand: while one step is encoded, one more is ready, and no third.
        let (ready, steps) = bounded::<Step>(0);
        let (outgoing, done) = bounded(QUEUE);
        let stopped = Arc::new(AtomicBool::new(false));
        let recipe = Arc::new(recipe);
        let workers = Arc::new(Workers::default());
        let reading = {
            let (recipe, workers) = (Arc::clone(&recipe), Arc::clone(&workers));
            move || {
                let mut take = |step| ready.send(step).is_ok();
                let _ = incoming.iter().all(|batch| read(batch, &recipe, &workers, &mut take));
            }
        };
        let encoding = {
            let stopped = Arc::clone(&stopped);
            move || {
                let mut assembly = None;
                for step in steps {
                    if stopped.load(Ordering::Relaxed) {
                        break;
                    }
                    let mut begun: Assembly = assembly.take().unwrap_or_else(|| Assembly::start(&step));
                    let last = step.last;
                    // Nothing waits for a queue among the workers: there may be one only.
                    workers.run(|| begun.add(step, &recipe));
                    if !last {
                        assembly = Some(begun);
                    } else if outgoing.send(workers.run(|| begun.finish(&recipe))).is_err() {
                        break;
                    }
                }
            }
        };
        let mut pipeline = Self { jobs: Some(jobs), done, in_flight: 0, lost: false, stopped, threads: Vec::new() };
        pipeline.spawn("uninote-read", reading)?;
        pipeline.spawn("uninote-encode", encoding)?;
        Ok(pipeline)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        self.threads.push(thread.map_err(|error| failed(format!("no thread for it: {error}")))?);
        Ok(())
    }

    /// Hands over a batch; while the queue is full, finished batches go to `absorb`.
    pub(super) fn send(&mut self, batch: Vec<Job>, absorb: &mut Vec<Done>) {
        // Results are taken before the queue can fill, so that neither side ever waits for the other.
        while self.in_flight >= QUEUE {
            self.wait(absorb);
        }
        match self.jobs.as_ref().map(|jobs| jobs.send(batch)) {
            Some(Ok(())) => self.in_flight += 1,
            _ => self.lost = true,
        }
    }

    /// An error once notes were lost on the way: what is buffered is then not what the caller put, and must not be
    /// committed.
    pub(super) fn check(&self) -> Result<()> {
        if self.lost { Err(failed("its thread ended; roll back and write again".to_owned())) } else { Ok(()) }
    }

    /// Takes what is finished without waiting.
    pub(super) fn poll(&mut self, absorb: &mut Vec<Done>) {
        while let Ok(batch) = self.done.try_recv() {
            self.in_flight -= 1;
            absorb.extend(batch);
        }
    }

    /// Waits until everything handed over is finished.
    pub(super) fn drain(&mut self, absorb: &mut Vec<Done>) {
        while self.in_flight > 0 {
            self.wait(absorb);
        }
    }

    fn wait(&mut self, absorb: &mut Vec<Done>) {
        match self.done.recv() {
            Ok(batch) => {
                self.in_flight -= 1;
                absorb.extend(batch);
            }
            Err(_) => {
                self.in_flight = 0;
                self.lost = true;
            }
        }
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.jobs = None;
        // What is being encoded is waited for, what only waits is not begun.
        self.stopped.store(true, Ordering::Relaxed);
        while self.done.recv().is_ok() {}
        for thread in self.threads.drain(..) {
            // Panics of encoders are caught, note by note; there is nobody here to hand another one to.
            drop(thread.join());
        }
    }
}
