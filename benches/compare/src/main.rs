//! uninote beside other vector indexes: search speed at equal recall, memory, size on disk and cost of building.
//!
//! A coordinator starts one worker process per engine, so that memory and processor time are each engine's own, and
//! asks them in turns, so that whatever else the machine does falls on all alike.

mod cgroup;
mod child;
mod coordinate;
mod curve;
mod data;
mod engine;
mod filtered;
mod limited;
mod memory_report;
mod page_cache;
mod plot;
mod process;
mod protocol;
mod report;
mod sweep;
mod trial;
mod truth;
mod worker;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// What most functions give; errors say what was wrong and what helps.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Compares uninote with other vector indexes on one collection of vectors
#[derive(Parser)]
#[command(version, subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    run: Option<RunArguments>,
}

#[derive(Subcommand)]
enum Role {
    /// Serves one engine to the coordinator over standard input and output
    #[command(hide = true)]
    Worker { engine: String, core: usize },
    /// Compares filtered search at many selectivities with usearch's predicate and a scan of all matches
    Filters(filtered::FilteredArguments),
}

#[derive(Args)]
struct RunArguments {
    /// Folder with base.npy and queries.npy (or .f32.npy, .f16.npy) and, if known, gt.u32.npy
    #[arg(long, required = true)]
    data: PathBuf,
    /// Where indexes and results are written
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/results"))]
    out: PathBuf,
    /// Engines to run, all if left out
    #[arg(long, value_delimiter = ',')]
    engines: Vec<String>,
    /// Passes over all queries at each setting, to take medians of
    #[arg(long, default_value_t = 5)]
    repeats: usize,
    /// Processor that every worker stays on
    #[arg(long, default_value_t = 1)]
    core: usize,
    /// Python with the modules of peers/requirements.txt
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Take only the first rows of the base
    #[arg(long)]
    rows: Option<usize>,
    /// Neighbours asked for
    #[arg(long, default_value_t = 10)]
    k: usize,
    /// Keep indexes that an earlier run built from the same vectors
    #[arg(long)]
    reuse: bool,
    /// Instead of all settings, measure throughput with these shares of an index in memory, such as 1.0,0.5,0.25
    #[arg(long, value_delimiter = ',', value_parser = limited::share)]
    memory: Vec<f64>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match (cli.role, cli.run) {
        (Some(Role::Worker { engine, core }), _) => worker::serve(&engine, core),
        (Some(Role::Filters(arguments)), _) => filtered::run(&arguments),
        (None, Some(run)) => coordinate::run(&run),
        (None, None) => Err("nothing to do: name a folder of vectors with --data".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
