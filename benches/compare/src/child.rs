//! A worker as the coordinator sees it.

use crate::Outcome;
use crate::engine::{Home, Spec};
use crate::protocol::Request;
use serde::de::DeserializeOwned;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const PYTHON_WORKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/worker.py");
/// Libraries under Python read these when they are loaded.
const ONE_THREAD: [&str; 3] = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];

/// How workers are started.
pub(crate) struct Launch {
    pub(crate) python: PathBuf,
    pub(crate) core: usize,
}

pub(crate) struct Handle {
    process: Child,
    /// Taken when the worker is to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Handle {
    pub(crate) fn start(spec: &Spec, launch: &Launch) -> Outcome<Self> {
        let mut command = match spec.home {
            Home::Rust => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("worker");
                command
            }
            Home::Python => {
                let mut command = Command::new(&launch.python);
                command.arg(PYTHON_WORKER);
                command
            }
        };
        command.args([spec.name, &launch.core.to_string()]).envs(ONE_THREAD.map(|name| (name, "1")));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let program = Path::new(command.get_program()).display().to_string();
        let mut process = command.spawn().map_err(|error| format!("{program} does not start: {error}"))?;
        let input = process.stdin.take();
        let output = process.stdout.take().ok_or("the worker has no output")?;
        Ok(Self { process, input, output: BufReader::new(output) })
    }

    /// Number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a request and waits for the reply.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> Outcome<T> {
        let input = self.input.as_mut().ok_or("the worker was told to end")?;
        // A worker that has died shows in its output, with more to say than a broken pipe.
        let sent = writeln!(input, "{}", serde_json::to_string(request)?).and_then(|()| input.flush());
        let mut line = String::new();
        while self.output.read_line(&mut line)? > 0 {
            // Some libraries print to standard output on their own.
            if line.starts_with('{') {
                return Ok(serde_json::from_str::<Result<T, String>>(&line)??);
            }
            eprint!("  {line}");
            line.clear();
        }
        sent?;
        Err(format!("the worker ended ({}); its own message is above", self.process.wait()?).into())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // The end of its input ends a worker.
        self.input.take();
        if let Err(error) = self.process.wait() {
            eprintln!("a worker did not end: {error}");
        }
    }
}
