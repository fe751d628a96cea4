//! Makes the figures of `docs/BENCHMARKS.md`: one subcommand a table, public API only, data given by path.
//!
//! ```text
//! cargo run --release --example figures -- search --vectors base.npy --queries queries.npy --truth truth.npy --index DIR
//! ```
//!
//! Each subcommand measures its own process, so peak memory is that of the work it names and nothing else.
#![expect(clippy::print_stdout, reason = "printing figures is what this program is for")]

mod batch;
mod churn;
mod data;
mod duplicates;
mod encoder;
mod filters;
mod heads;
mod import;
mod peer;
mod process;
mod quality;
mod ranking;
mod search;
mod startup;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(about = "Measures uninote and prints the figures of docs/BENCHMARKS.md")]
struct Arguments {
    #[command(subcommand)]
    figure: Figure,
}

#[derive(Subcommand)]
enum Figure {
    /// Recall and speed of vector search, beside hnsw_rs's own search, interleaved on one pinned thread
    Search(search::SearchArguments),
    /// How many edited copies among package descriptions are found again, at some thresholds
    Copies {
        /// The descriptions (packages.jsonl.gz)
        packages: PathBuf,
        /// Similarities from which texts are duplicates
        #[arg(long, value_delimiter = ',', default_value = "0.75")]
        thresholds: Vec<f32>,
    },
    /// Precision and recall on pairs of sentences that people graded
    Paraphrases {
        /// The pairs (pairs.jsonl.gz)
        pairs: PathBuf,
        /// Similarities from which texts are duplicates
        #[arg(long, value_delimiter = ',', default_value = "0.75")]
        thresholds: Vec<f32>,
    },
    /// nDCG@10 of each way of ordering, and of heads trained on some collections and tried on others
    Ranking(ranking::RankingArguments),
    /// Filtered search at many selectivities, with filters independent of the query, with it and against it
    Filters(filters::FilterArguments),
    /// The same on the fields of real notes
    Fields(filters::FieldArguments),
    /// What is left after rounds of replacing half of all notes, beside an index built afresh
    Churn(churn::ChurnArguments),
    /// Times of commits of one note and of a thousand, each made durable
    Commits(churn::CommitArguments),
    /// Builds an index of vectors: time, processor time, peak memory, bytes
    Build(search::BuildArguments),
    /// Median time to open an index, each time in a fresh process
    Open {
        /// The index
        index: PathBuf,
        /// Openings to take the median of
        #[arg(long, default_value_t = 21)]
        times: usize,
        /// Open once and print microseconds
        #[arg(long, hide = true)]
        once: bool,
    },
    /// Peak memory of one search in this fresh process
    Memory {
        /// The index
        index: PathBuf,
        /// Query vectors (.npy), of which the first is searched
        #[arg(long, conflicts_with = "text")]
        queries: Option<PathBuf>,
        /// A text to search for instead
        #[arg(long)]
        text: Option<String>,
        /// Searches to make; the peak is printed after the last
        #[arg(long, default_value_t = 1)]
        searches: usize,
    },
    /// Time of opening and of the first search, each time in a fresh process with the files out of the page cache
    Cold {
        /// The index
        index: PathBuf,
        /// Query vectors (.npy), of which another one is searched each time
        #[arg(long)]
        queries: PathBuf,
        /// Processes to take the median of
        #[arg(long, default_value_t = 11)]
        times: usize,
        /// Open once, search for this query and print microseconds
        #[arg(long, hide = true)]
        once: Option<usize>,
    },
    /// Queries a second of batches on some numbers of threads, in turns, by the clock
    Batch {
        /// The index
        index: PathBuf,
        /// Query vectors (.npy)
        #[arg(long)]
        queries: PathBuf,
        /// Numbers of threads
        #[arg(long, value_delimiter = ',', default_value = "1,2")]
        threads: Vec<usize>,
        /// Passes to take medians of
        #[arg(long, default_value_t = 15)]
        passes: usize,
    },
    /// Milliseconds of batches of texts through an encoder from a model directory, alone or beside another program
    Encoder(encoder::EncoderArguments),
    /// Milliseconds a picture through the built-in encoder, on one thread
    Sight(encoder::SightArguments),
    /// Imports a folder or a JSON Lines file with the built-in encoder: rate, peak memory, bytes
    Import {
        /// What to import
        source: PathBuf,
        /// Where the index is made
        #[arg(long)]
        index: PathBuf,
    },
    /// Compacts an index: time, processor time, peak memory, bytes
    Compact {
        /// The index
        index: PathBuf,
    },
    /// Prints the five best hits for each text
    Ask {
        /// The index
        index: PathBuf,
        /// What to search for
        texts: Vec<String>,
    },
    /// nDCG@10 on folders with corpus.jsonl.gz, queries.jsonl.gz and qrels/*.tsv, exact search: of the built-in encoder through
    /// the engine, or of a model directory by itself
    Quality {
        /// Folders, each followed by a colon and the name of its judgments, such as scifact:train
        #[arg(required = true)]
        sets: Vec<String>,
        /// The model directory
        #[arg(long)]
        model: Option<PathBuf>,
    },
}

fn main() -> Outcome {
    match Arguments::parse().figure {
        Figure::Search(arguments) => search::compare(&arguments),
        Figure::Copies { packages, thresholds } => duplicates::copies(&packages, &thresholds),
        Figure::Paraphrases { pairs, thresholds } => duplicates::paraphrases(&pairs, &thresholds),
        Figure::Ranking(arguments) => ranking::ranking(&arguments),
        Figure::Filters(arguments) => filters::filters(&arguments),
        Figure::Fields(arguments) => filters::fields(&arguments),
        Figure::Churn(arguments) => churn::churn(&arguments),
        Figure::Commits(arguments) => churn::commits(&arguments),
        Figure::Build(arguments) => search::build(&arguments),
        Figure::Open { index, once: true, .. } => startup::open_once(&index),
        Figure::Open { index, times, .. } => startup::open(&index, times),
        Figure::Memory { index, queries, text, searches } => {
            startup::memory(&index, queries.as_deref(), text.as_deref(), searches)
        }
        Figure::Cold { index, queries, once: Some(number), .. } => startup::cold_once(&index, &queries, number),
        Figure::Cold { index, queries, times, .. } => startup::cold(&index, &queries, times),
        Figure::Batch { index, queries, threads, passes } => batch::batch(&index, &queries, &threads, passes),
        Figure::Encoder(arguments) => encoder::encoder(&arguments),
        Figure::Sight(arguments) => encoder::sight(&arguments),
        Figure::Import { source, index } => import::import(&source, &index),
        Figure::Compact { index } => import::compact(&index),
        Figure::Ask { index, texts } => import::ask(&index, &texts),
        Figure::Quality { sets, model: Some(model) } => quality::model(&model, &sets),
        Figure::Quality { sets, model: None } => quality::quality(&sets),
    }
}
