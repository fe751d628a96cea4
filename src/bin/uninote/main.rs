//! The `uninote` shell: an index on the command line, through the public API only.
//!
//! | file | what it does |
//! |---|---|
//! | `main.rs` | arguments, dispatch, exit codes |
//! | `add.rs` | `add`: sources into the index, commit by commit; `report.rs`: what it tells |
//! | `search.rs`, `similar.rs` | the two questions; `hits.rs` prints their answers, `signals.rs` names what orders them |
//! | `get.rs`, `delete.rs` | notes, out or away |
//! | `list.rs` | notes and values by fields alone: `list`, `facets` |
//! | `export.rs` | all notes as JSON Lines, with their pictures |
//! | `duplicates.rs` | which notes are the same or nearly so |
//! | `stats.rs`, `verify.rs`, `compact.rs`, `reencode.rs` | the index as a whole |
//! | `repair.rs` | what is left of a damaged index |
//! | `snapshot.rs` | `backup` and `snapshot`: states put aside |
//! | `eval.rs` | how good searching is on a judged collection |
//! | `train.rs` | heads and adapters: trained, taken away |
//! | `encoder.rs` | which encoder, and from where |
//! | `model/` | models in the cache, with the feature `hub` |
//! | `failure.rs` | what ends a command, and its exit code |
//! | `output.rs` | standard output and error that survive a closed pipe; control characters made harmless |
//! | `progress.rs` | bars and spinners on a terminal |
//! | `interrupt.rs` | Ctrl-C |
//!
//! What each command prints is described in `docs/SHELL.md`.

mod add;
mod compact;
mod delete;
mod duplicates;
mod encoder;
mod eval;
mod export;
mod failure;
mod get;
mod hits;
mod interrupt;
mod list;
#[cfg(feature = "hub")]
mod model;
mod output;
mod progress;
mod reencode;
mod repair;
mod report;
mod search;
mod signals;
mod similar;
mod snapshot;
mod stats;
mod train;
mod verify;

use clap::{Parser, Subcommand};
use failure::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use uninote::index::WriteOptions;

/// The environment variable that names the index.
const INDEX_VARIABLE: &str = "UNINOTE_INDEX";
/// The index where nothing names one.
const INDEX_DEFAULT: &str = ".uninote";

/// Search notes and pictures by meaning, on this machine, with nothing to set up.
#[derive(Debug, Parser)]
#[command(name = "uninote", version, after_help = AFTER_HELP)]
struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 nothing found, a check failed or nothing better was trained, 2 usage or input error, 130 interrupted.
An id that begins with a dash goes after `--`: uninote get -- -id";

/// Which index, and in which form to answer.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// Directory of the index [default: the variable UNINOTE_INDEX, else .uninote in the current folder]
    #[arg(long, global = true, value_name = "DIR")]
    index: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    json: bool,
    /// Seconds to wait for another process that writes to the index
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 0)]
    wait: u32,
    /// Bytes of memory that writing keeps to, beside what the encoder takes, with k, M or G after the number for 2^10, 2^20 or
    /// 2^30 of them [default: as many as are of use]
    #[arg(long, global = true, value_name = "BYTES", value_parser = bytes)]
    memory: Option<u64>,
}

impl Place {
    /// The directory of the index.
    fn directory(&self) -> PathBuf {
        let named = || std::env::var_os(INDEX_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        self.index.clone().or_else(named).unwrap_or_else(|| Path::new(INDEX_DEFAULT).to_owned())
    }

    /// How the index is written.
    fn write_options(&self) -> WriteOptions {
        let options = WriteOptions::new().wait(Duration::from_secs(u64::from(self.wait)));
        self.memory.map_or(options.clone(), |bytes| options.memory(bytes))
    }

    /// Opens the index with its encoder.
    fn open(&self) -> Result<uninote::Index, Failure> {
        encoder::open(self).inspect(|index| index.set_write_options(self.write_options()))
    }

    /// Opens the index for what needs no encoder.
    fn open_without_encoder(&self) -> Result<uninote::Index, Failure> {
        encoder::open_without(self).inspect(|index| index.set_write_options(self.write_options()))
    }
}

/// A number of bytes with a binary prefix.
fn bytes(text: &str) -> Result<u64, String> {
    let (number, shift) = match text.strip_suffix(['k', 'K', 'M', 'G']).zip(text.chars().last()) {
        Some((number, 'G')) => (number, 30),
        Some((number, 'M')) => (number, 20),
        Some((number, _)) => (number, 10),
        None => (text, 0),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift)).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| "a number of bytes is expected, such as 256M".to_owned())
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add notes from folders of Markdown and from JSON Lines files, creating the index if there is none
    Add(add::Add),
    /// Find what matches a text
    Search(search::Search),
    /// Find what is like a note, or like one passage or picture of it
    Similar(similar::Similar),
    /// Print one note
    Get(get::Get),
    /// Delete notes
    Delete(delete::Delete),
    /// List notes in the order of a field
    List(list::List),
    /// Count how many notes have which value of a field
    Facets(list::Facets),
    /// Find notes that are the same or nearly so
    Duplicates(duplicates::Duplicates),
    /// Count notes, segments and bytes
    Stats,
    /// Read every byte of the index and name each damage
    Verify,
    /// Save what is left of a damaged index into a new one
    Repair(repair::Repair),
    /// Copy the index into another directory, while it is written too
    Backup(snapshot::Backup),
    /// Write all notes to a folder as JSON Lines, with their pictures
    Export(export::Export),
    /// Keep states of the index under a name, and bring them back
    #[command(subcommand)]
    Snapshot(snapshot::Snapshot),
    /// Move the index to another encoder: every note is encoded anew
    Reencode(reencode::Reencode),
    /// Measure how good searching is on a judged collection, with intervals
    Eval(eval::Eval),
    /// Train what orders answers on judgments or feedback; it is used only if it is better beyond chance
    Train(train::Train),
    /// Merge all segments into one and give the space of deleted notes back
    Compact,
    /// List, fetch and find models of the Hugging Face cache
    #[cfg(feature = "hub")]
    Model(model::Model),
    /// Models of the Hugging Face cache: this program was built without (cargo install uninote --features hub)
    #[cfg(not(feature = "hub"))]
    Model {
        #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
        _rest: Vec<std::ffi::OsString>,
    },
}

fn main() -> ExitCode {
    let Arguments { place, command } = Arguments::parse();
    let outcome = match command {
        Command::Add(add) => add.run(&place),
        Command::Search(search) => search.run(&place),
        Command::Similar(similar) => similar.run(&place),
        Command::Get(get) => get.run(&place),
        Command::Delete(delete) => delete.run(&place),
        Command::List(list) => list.run(&place),
        Command::Facets(facets) => facets.run(&place),
        Command::Duplicates(duplicates) => duplicates.run(&place),
        Command::Stats => stats::run(&place),
        Command::Verify => verify::run(&place),
        Command::Repair(repair) => repair.run(&place),
        Command::Backup(backup) => backup.run(&place),
        Command::Export(export) => export.run(&place),
        Command::Snapshot(snapshot) => snapshot.run(&place),
        Command::Reencode(reencode) => reencode.run(&place),
        Command::Eval(eval) => eval.run(&place),
        Command::Train(train) => train.run(&place),
        Command::Compact => compact::run(&place),
        #[cfg(feature = "hub")]
        Command::Model(model) => model.run(&place),
        #[cfg(not(feature = "hub"))]
        Command::Model { .. } => Err(failure::Failure::WithoutHub),
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Nothing) => ExitCode::from(failure::NOTHING),
        Err(failure) => {
            if let Some(message) = failure.message() {
                output::diagnostic(&format!("uninote: {message}"));
            }
            ExitCode::from(failure.code())
        }
    }
}
