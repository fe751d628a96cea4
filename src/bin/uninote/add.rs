//! `uninote add`: sources into the index, commit by commit.

use crate::failure::{Failure, Outcome};
use crate::progress::Progress;
use crate::report::Report;
use crate::{Place, encoder, interrupt, output};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use uninote::disk::DiskError;
use uninote::import::{self, ImportOptions, Imported, Item, Items, Origin};
use uninote::index::SpaceStats;
use uninote::lexical::Language;
use uninote::{Cancel, Error, Index, IndexOptions};
use xxhash_rust::xxh3::xxh3_128;

/// A commit happens at least after this many notes.
const COMMIT_NOTES: u32 = 2000;
/// A commit happens at least this often, asked after each note.
const COMMIT_EVERY: Duration = Duration::from_secs(5);

/// Arguments of `uninote add`.
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// Folders with Markdown, Markdown or text files, JSON Lines files (also .gz)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Keep the bytes of pictures in the index; counts when the index is created
    #[arg(long)]
    keep_pictures: bool,
    /// Give nine regions of each picture a row of their own, for finding a detail; counts when the index is created
    #[arg(long)]
    picture_regions: bool,
    /// The language that words are read in [default: english]; counts when the index is created
    #[arg(long, value_name = "NAME", value_parser = language())]
    language: Option<Language>,
    /// A space for vectors of your own that JSON Lines bring along, made where the index has none of this name yet; may be
    /// given several times
    #[arg(long, value_name = "NAME:WIDTH", value_parser = space)]
    space: Vec<(String, usize)>,
    /// Vectors of this width come with the notes, as `vector` in JSON Lines, and nothing is encoded; counts when the index is
    /// created
    #[arg(long, value_name = "WIDTH", conflicts_with = "model")]
    vectors: Option<usize>,
    /// Directory of the model whose encoder the index is created with [default: the variable UNINOTE_MODEL, else the
    /// encoder inside]; an index that exists must have been made with it
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Commit after this many notes (and after 5 seconds, whichever comes first)
    #[arg(long, value_name = "N", default_value_t = COMMIT_NOTES,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(COMMIT_NOTES)))]
    commit_every: u32,
    /// Leave the segments as they are at the end; otherwise those that are many of about one size are merged
    #[arg(long)]
    no_compact: bool,
}

impl Add {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        // All sources before the index: a mistyped path must not leave an empty index behind.
        let options = ImportOptions::default();
        let sources: Vec<Items> =
            self.paths.iter().map(|path| import::open(path, &options)).collect::<Result<_, _>>()?;
        let index = self.open(place)?;
        // What is merged while more comes is merged again: that waits for the end.
        index.set_write_options(place.write_options().merging(false));
        let cancel = interrupt::watch()?;
        let progress = Progress::of_import(&self.paths);
        let mut run = Run::new(&index, &progress, self.commit_every);
        let imported = run.import(sources.into_iter().flatten(), &cancel);
        progress.clear();
        let mut report = run.report;
        let finished = imported.and_then(|()| self.compact(&index, &mut report, place, &cancel));
        match finished {
            Ok(()) => report.print(place)?,
            Err(failure) => {
                report.interrupted = failure.code() == crate::failure::INTERRUPTED;
                if report.interrupted && place.json {
                    report.print(place)?;
                } else {
                    output::diagnostic(&format!("{}; what was committed stays", report.summary()));
                }
                return Err(failure);
            }
        }
        Ok(Outcome::of(report.found_notes()))
    }

    /// Opens the index, or creates it where there is none.
    fn open(&self, place: &Place) -> Result<Index, Failure> {
        let directory = place.directory();
        let opened = match &self.model {
            // Looked for before the model is loaded, which takes its time.
            Some(model) => Index::open_without_encoder(&directory)
                .map_err(Failure::Index)
                .and_then(|_| Ok(Index::open_with(&directory, encoder::load(model)?)?)),
            None => place.open(),
        };
        match opened {
            Ok(index) => {
                for (given, option) in
                    [(self.keep_pictures, "--keep-pictures"), (self.picture_regions, "--picture-regions")]
                {
                    if given {
                        let why = "changes nothing: the index exists and stays as it was created";
                        output::diagnostic(&format!("{option} {why}"));
                    }
                }
                let snapshot = index.snapshot();
                let stats = snapshot.stats();
                let same = |width: &usize| snapshot.takes_vectors() && stats.width as usize == *width;
                if let Some(width) = self.vectors.filter(|width| !same(width)) {
                    let (encoder, present) = (&stats.encoder, stats.width);
                    let there = format!("the index exists, with vectors of {present} dimensions by `{encoder}`");
                    output::diagnostic(&format!("--vectors {width} changes nothing: {there}"));
                }
                if let Some(other) = self.language.filter(|language| *language != stats.language) {
                    let (given, present) = (other.name(), stats.language.name());
                    output::diagnostic(&format!(
                        "--language {given} changes nothing: the index was created for {present}"
                    ));
                }
                let known = stats.spaces;
                for (name, width) in &self.space {
                    let same = |space: &&SpaceStats| space.name == *name && space.width as usize == *width;
                    if known.iter().find(same).is_none() {
                        index.add_space(name, *width)?;
                    }
                }
                Ok(index)
            }
            Err(Failure::Index(Error::NoIndex { .. } | Error::Disk(DiskError::NotFound { .. }))) => {
                let options =
                    IndexOptions::new().keep_pictures(self.keep_pictures).picture_regions(self.picture_regions);
                let options = options.language(self.language.unwrap_or_default());
                let mut options = self.space.iter().fold(options, |options, (name, width)| options.space(name, *width));
                if let Some(width) = self.vectors {
                    return Ok(Index::create_with(directory, options.external_vectors(width))?);
                }
                if let Some(model) = self.model.clone().or_else(encoder::from_environment) {
                    options = options.encoder(encoder::load(&model)?);
                }
                Ok(Index::create_with(directory, options)?)
            }
            Err(other) => Err(other),
        }
    }

    /// Merges segments where there are many.
    fn compact(&self, index: &Index, report: &mut Report, place: &Place, cancel: &Cancel) -> Result<(), Failure> {
        let segments = index.snapshot().stats().segments;
        if self.no_compact || segments < 2 {
            return Ok(());
        }
        let progress = Progress::of_work(format!("merging segments of {segments}"));
        index.set_write_options(place.write_options());
        let merged = index.commit().and_then(|_| index.wait_for_merges(Some(cancel)));
        progress.clear();
        merged?;
        let left = index.snapshot().stats();
        if left.segments < segments {
            report.merged(left.generation, (segments, left.segments), &progress);
        }
        Ok(())
    }
}

/// A language by its name.
fn language() -> impl TypedValueParser<Value = Language> {
    let names = PossibleValuesParser::new(Language::ALL.iter().map(|language| language.name()));
    // Only names of languages get this far.
    names.map(|name| Language::from_name(&name).unwrap_or_default())
}

/// A name and a width with a colon between them.
fn space(text: &str) -> Result<(String, usize), String> {
    let parts = text.split_once(':').and_then(|(name, width)| Some((name.to_owned(), width.parse().ok()?)));
    parts.ok_or_else(|| "a name and a width with a colon between them are expected, such as audio:128".to_owned())
}

/// One import on its way.
struct Run<'a> {
    index: &'a Index,
    progress: &'a Progress,
    commit_every: u32,
    /// Whether vectors come with the notes.
    external: bool,
    /// Hashes of the ids of this run: 16 bytes an id, however long ids are.
    seen: HashSet<u128>,
    /// Where the notes come from that are not committed yet.
    waiting: HashMap<String, Origin>,
    committed_at: Instant,
    report: Report,
}

impl<'a> Run<'a> {
    fn new(index: &'a Index, progress: &'a Progress, commit_every: u32) -> Self {
        let mut report = Report::default();
        let snapshot = index.snapshot();
        report.start(snapshot.generation(), snapshot.len() as u64);
        Self {
            index,
            progress,
            commit_every,
            external: snapshot.takes_vectors(),
            seen: HashSet::new(),
            waiting: HashMap::new(),
            committed_at: Instant::now(),
            report,
        }
    }

    fn import(&mut self, items: impl Iterator<Item = Item>, cancel: &Cancel) -> Result<(), Failure> {
        for item in items {
            if cancel.is_cancelled() {
                // What is under way is dropped, so that the answer to Ctrl-C does not take another commit's time.
                self.index.rollback()?;
                return Err(Failure::Interrupted);
            }
            match item {
                Item::Note(imported) => self.put(*imported)?,
                Item::Skipped(problem) => self.report.skip(problem.origin, problem.why, self.progress),
                // A kind of item this shell does not know carries nothing it could add.
                _ => {}
            }
            self.progress.step();
            let full = self.waiting.len() >= self.commit_every as usize;
            let due = !self.waiting.is_empty() && self.committed_at.elapsed() >= COMMIT_EVERY;
            if full || due {
                self.commit()?;
            }
        }
        self.commit()
    }

    fn put(&mut self, Imported { note, vector, origin, warnings, .. }: Imported) -> Result<(), Failure> {
        let id = note.id.clone();
        if !self.seen.insert(xxh3_128(id.as_bytes())) {
            let why = format!(
                "a note with the id {id:?} came earlier in this run, and that one counts; give each its own id"
            );
            self.report.skip(origin, why, self.progress);
            return Ok(());
        }
        // Where an encoder makes the vectors, those that come along are of no use.
        let put = match vector.filter(|_| self.external) {
            Some(vector) => self.index.put_with_vector(note, &vector),
            None => self.index.put(note),
        };
        match put {
            Ok(()) => {
                for warning in warnings {
                    self.report.warn(warning.origin, warning.why, self.progress);
                }
                self.waiting.insert(id, origin);
                Ok(())
            }
            Err(Error::Note { source, .. }) => {
                self.report.skip(origin, source.to_string(), self.progress);
                Ok(())
            }
            Err(refused @ (Error::SpaceVector { .. } | Error::NoSuchSpace { .. } | Error::Vector { .. })) => {
                self.report.skip(origin, refused.to_string(), self.progress);
                Ok(())
            }
            Err(other) => Err(other.into()),
        }
    }

    fn commit(&mut self) -> Result<(), Failure> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let commit = self.index.commit()?;
        for skipped in &commit.skipped {
            let nowhere = || Origin { path: PathBuf::from(&skipped.id), line: None };
            let origin = self.waiting.get(&skipped.id).cloned().unwrap_or_else(nowhere);
            if skipped.whole {
                self.report.skip(origin, skipped.why.clone(), self.progress);
            } else {
                self.report.warn(origin, skipped.why.clone(), self.progress);
            }
        }
        self.waiting.clear();
        self.committed_at = Instant::now();
        self.report.committed(&commit, self.progress);
        Ok(())
    }
}
