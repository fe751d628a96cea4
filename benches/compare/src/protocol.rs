//! What coordinator and workers say to each other: a line of JSON each way.
//!
//! A reply is `{"Ok": …}` or `{"Err": "what was wrong"}`. `peers/worker.py` speaks the same.

use crate::process::Memory;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "lowercase")]
pub(crate) enum Request {
    /// Asks for [`Versions`].
    Versions,
    /// Asks to build an index of all rows in a folder that is there and empty, and for [`Built`].
    Build { base: PathBuf, dir: PathBuf },
    /// Asks to open what was built, and for [`Opened`].
    Open { dir: PathBuf },
    /// Asks for one pass over the queries, and for [`Searched`].
    Search {
        queries: PathBuf,
        k: usize,
        /// Values of the engine's own settings.
        knob: Vec<f64>,
        /// Where to write the rows found: `k` little-endian u32 for each query, `u32::MAX` where there is none.
        ids: PathBuf,
        /// Seconds by the clock after which no further query is begun; not sent where there is no such limit, and only
        /// engines in Rust know it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        longest_s: Option<f64>,
    },
}

/// Of the engine and of what matters to its speed.
pub(crate) type Versions = BTreeMap<String, String>;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Built {
    /// Processor time over all threads.
    pub(crate) cpu_s: f64,
    pub(crate) wall_s: f64,
    /// Processor time of steps that are worth a figure of their own; part of `cpu_s`.
    pub(crate) steps_cpu_s: BTreeMap<String, f64>,
    /// On disk; none if the engine keeps nothing there.
    pub(crate) bytes: Option<u64>,
    /// Memory at the end, with its peak; the base vectors handed in are part of it.
    pub(crate) memory: Memory,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) open_ms: f64,
    pub(crate) before: Memory,
    pub(crate) after: Memory,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Searched {
    /// Processor time of the whole pass over all threads.
    pub(crate) cpu_s: f64,
    /// The same by the clock, waiting for the disk included. Workers in Python leave out this and the next three.
    pub(crate) wall_s: Option<f64>,
    /// Times that the pass had to wait for a page that was not in memory.
    pub(crate) major_faults: Option<u64>,
    /// Read from disk.
    pub(crate) read_bytes: Option<u64>,
    /// How many were searched: fewer than all only if time ran out.
    pub(crate) queries: Option<usize>,
    /// Mean number of vectors or codes compared with a query, where the engine tells.
    pub(crate) evaluations: Option<f64>,
    pub(crate) memory: Memory,
}
