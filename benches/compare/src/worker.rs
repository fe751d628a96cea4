//! A worker: one engine in a process of its own, on one processor.

use crate::Outcome;
use crate::data::{self, Matrix};
use crate::engine::{self, Asked, Engine};
use crate::process::{folder_bytes, memory, pin, timed};
use crate::protocol::{Built, Opened, Request, Searched};
use serde_json::{Value, to_value};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Answers requests from standard input until it ends.
pub(crate) fn serve(name: &str, core: usize) -> Outcome {
    // Before the engine exists, so that any threads it starts stay on the core too.
    pin(core)?;
    let mut worker = Worker { engine: engine::make(name)?, queries: None };
    for line in std::io::stdin().lines() {
        let reply = worker.answer(&line?).map_err(|error| error.to_string());
        let mut output = std::io::stdout().lock();
        serde_json::to_writer(&mut output, &reply)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

struct Worker {
    engine: Box<dyn Engine>,
    /// Queries read last, with the file they came from.
    queries: Option<(PathBuf, Matrix<f32>)>,
}

impl Worker {
    fn answer(&mut self, line: &str) -> Outcome<Value> {
        Ok(match serde_json::from_str(line)? {
            Request::Versions => to_value(self.engine.versions())?,
            Request::Build { base, dir } => to_value(self.build(&base, &dir)?)?,
            Request::Open { dir } => to_value(self.open(&dir)?)?,
            Request::Search { queries, k, knob, ids, longest_s } => {
                let longest = longest_s.map(Duration::try_from_secs_f64).transpose()?;
                to_value(self.search(&queries, k, longest, &knob, &ids)?)?
            }
        })
    }

    fn build(&mut self, base: &Path, dir: &Path) -> Outcome<Built> {
        let base = data::vectors(base)?;
        let (built, processor, clock) = timed(|| self.engine.build(&base, dir));
        let bytes = folder_bytes(dir)?;
        Ok(Built {
            cpu_s: processor.as_secs_f64(),
            wall_s: clock.as_secs_f64(),
            steps_cpu_s: built?,
            bytes: (bytes > 0).then_some(bytes),
            memory: memory(),
        })
    }

    fn open(&mut self, dir: &Path) -> Outcome<Opened> {
        let before = memory();
        let (opened, _, clock) = timed(|| self.engine.open(dir));
        opened?;
        Ok(Opened { open_ms: clock.as_secs_f64() * 1e3, before, after: memory() })
    }

    fn search(
        &mut self,
        path: &Path,
        k: usize,
        longest: Option<Duration>,
        knob: &[f64],
        ids: &Path,
    ) -> Outcome<Searched> {
        if self.queries.as_ref().is_none_or(|(read, _)| read != path) {
            self.queries = Some((path.to_owned(), data::vectors(path)?));
        }
        let Some((_, queries)) = &self.queries else { return Err("no queries".into()) };
        let pass = self.engine.search(&Asked { queries, k, longest }, knob)?;
        std::fs::write(ids, pass.rows.iter().flat_map(|row| row.to_le_bytes()).collect::<Vec<u8>>())?;
        Ok(Searched {
            cpu_s: pass.time.as_secs_f64(),
            wall_s: Some(pass.clock.as_secs_f64()),
            major_faults: pass.reading.map(|reading| reading.major_faults),
            read_bytes: pass.reading.map(|reading| reading.bytes),
            queries: Some(pass.queries),
            evaluations: pass.evaluations,
            memory: memory(),
        })
    }
}
