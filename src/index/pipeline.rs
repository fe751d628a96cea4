//! Encoding beside everything else: one thread, bounded queues both ways, so that memory stays flat however fast notes come.

use super::options::VectorSource;
use super::prepare::{Given, Prepared, prepare};
use crate::encode::EncodeError;
use crate::error::{Error, Result};
use crate::note::Note;
use crossbeam::channel::{Receiver, Sender, bounded};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;

/// Batches waiting on either side of the encoder.
const QUEUE: usize = 4;

/// A note on its way, with a number that says which of several versions of one id is the newest.
pub(super) struct Job {
    pub(super) sequence: u64,
    pub(super) note: Note,
    pub(super) given: Given,
}

/// A note that has been encoded, or why it could not be.
pub(super) struct Done {
    pub(super) sequence: u64,
    pub(super) id: String,
    pub(super) result: Result<Prepared>,
}

/// The encoding thread and its queues.
pub(super) struct Pipeline {
    jobs: Option<Sender<Vec<Job>>>,
    done: Receiver<Vec<Done>>,
    in_flight: usize,
    /// Whether the thread ended with batches in its hands.
    lost: bool,
    thread: Option<JoinHandle<()>>,
}

impl Pipeline {
    /// Starts the thread.
    pub(super) fn start(source: VectorSource, keep_pictures: bool) -> Result<Self> {
        let (jobs, incoming) = bounded::<Vec<Job>>(QUEUE);
        let (outgoing, done) = bounded(QUEUE);
        let work = move || {
            for batch in incoming {
                let encoded = batch.into_iter().map(|job| encode(job, &source, keep_pictures)).collect();
                if outgoing.send(encoded).is_err() {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("uninote-encode".to_owned()).spawn(work);
        let thread = thread.map_err(|error| failed(format!("no thread for it: {error}")))?;
        Ok(Self { jobs: Some(jobs), done, in_flight: 0, lost: false, thread: Some(thread) })
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
        while self.done.recv().is_ok() {}
        if let Some(thread) = self.thread.take() {
            // Panics of encoders are caught, note by note; there is nobody here to hand another one to.
            drop(thread.join());
        }
    }
}

/// Prepares one note. A panic of the encoder is an error of that note: encoders keep no state between calls, so the next
/// note finds it as it was.
fn encode(job: Job, source: &VectorSource, keep_pictures: bool) -> Done {
    let Job { sequence, note, given } = job;
    let caught = catch_unwind(AssertUnwindSafe(|| prepare(&note, given, source, keep_pictures)));
    let result = caught.unwrap_or_else(|panic| Err(failed(format!("it panicked: {}", words(panic.as_ref())))));
    Done { sequence, id: note.id, result }
}

fn failed(why: String) -> Error {
    Error::Encode(EncodeError::Failed { encoder: "of this index".to_owned(), why })
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
