//! One run from the collection to the report: truth, builds, opened engines, sweep.

use crate::child::{Handle, Launch};
use crate::data::{Matrix, find, vectors, write_vectors};
use crate::engine::{Spec, chosen};
use crate::protocol::{Built, Opened, Request, Versions};
use crate::report::{self, Conditions};
use crate::sweep::{Searcher, sweep};
use crate::truth::{self, Judge};
use crate::{Outcome, RunArguments, limited};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The vectors of a run, cut and of unit length, and where workers find them.
pub(crate) struct Collection {
    pub(crate) judge: Judge,
    pub(crate) base: PathBuf,
    pub(crate) queries: PathBuf,
    /// Tells this base from others.
    fingerprint: String,
}

/// What a run works with.
pub(crate) struct Bench<'a> {
    pub(crate) arguments: &'a RunArguments,
    pub(crate) collection: Collection,
    pub(crate) launch: Launch,
    /// Where indexes and results are written.
    pub(crate) out: PathBuf,
}

/// An engine that was left out, and why.
pub(crate) struct Skipped {
    pub(crate) engine: &'static str,
    pub(crate) reason: String,
}

/// What is kept beside a built index.
#[derive(Serialize, Deserialize)]
struct Kept {
    fingerprint: String,
    built: Built,
}

pub(crate) fn run(arguments: &RunArguments) -> Outcome {
    let limited = !arguments.memory.is_empty();
    let specs = if limited { limited::chosen(&arguments.engines)? } else { chosen(&arguments.engines)? };
    std::fs::create_dir_all(&arguments.out).map_err(|error| format!("{}: {error}", arguments.out.display()))?;
    // Workers run in the same folder, but paths that do not depend on it are one thing less to go wrong.
    let out = arguments.out.canonicalize()?;
    let collection = collect(arguments, &out)?;
    let launch = Launch { python: arguments.python.clone(), core: arguments.core };
    let bench = Bench { arguments, collection, launch, out };
    if limited { limited::run(specs, &bench) } else { swept(specs, &bench) }
}

/// All settings of all engines.
fn swept(specs: Vec<Spec>, bench: &Bench<'_>) -> Outcome {
    let Bench { arguments, collection, out, .. } = bench;
    let (mut searchers, mut skipped) = (Vec::new(), Vec::new());
    for spec in specs {
        match bench.ready(spec) {
            Ok(searcher) => searchers.push(searcher),
            Err(error) => skip(&mut skipped, spec.name, error.as_ref()),
        }
    }
    let searchers = sweep(searchers, collection, &out.join("ids.tmp"), arguments, &mut skipped);
    let conditions = Conditions::of(arguments, &collection.judge);
    report::write(&searchers, &skipped, &conditions, out)
}

/// Notes that an engine takes no further part.
pub(crate) fn skip(skipped: &mut Vec<Skipped>, engine: &'static str, error: &dyn std::error::Error) {
    eprintln!("{engine}: left out: {error}");
    skipped.push(Skipped { engine, reason: error.to_string() });
}

fn collect(arguments: &RunArguments, out: &Path) -> Outcome<Collection> {
    let mut base = vectors(&find(&arguments.data, "base")?)?;
    let mut queries = vectors(&find(&arguments.data, "queries")?)?;
    if base.width != queries.width {
        return Err(format!("base vectors are {} wide and queries {}", base.width, queries.width).into());
    }
    let whole = base.len();
    let rows = arguments.rows.map_or(whole, |rows| rows.min(whole));
    if rows == 0 || queries.len() == 0 {
        return Err("there is nothing to search: the base or the queries have no rows".into());
    }
    base.flat.truncate(rows * base.width);
    base.normalise();
    queries.normalise();
    let fingerprint = format!("{rows}-{:016x}", base.fingerprint());
    let paths = ["base.npy", "queries.npy"].map(|name| out.join(name));
    let [base_path, queries_path] = paths;
    write_vectors(&base_path, &base)?;
    write_vectors(&queries_path, &queries)?;
    let given = arguments.data.join("gt.u32.npy");
    let truth = if rows == whole && given.is_file() {
        truth::read(&given, queries.len(), rows, arguments.k)?
    } else {
        computed(&base, &queries, out, &fingerprint, arguments.k)?
    };
    let judge = Judge::new(base, queries, &truth, arguments.k)?;
    Ok(Collection { judge, base: base_path, queries: queries_path, fingerprint })
}

/// True neighbours from an earlier run, or now.
fn computed(
    base: &Matrix<f32>,
    queries: &Matrix<f32>,
    out: &Path,
    fingerprint: &str,
    k: usize,
) -> Outcome<Matrix<u32>> {
    let path = out.join(format!("truth-{fingerprint}-{:016x}.u32.npy", queries.fingerprint()));
    if path.is_file() {
        return truth::read(&path, queries.len(), base.len(), k);
    }
    eprintln!("comparing {} queries with all {} rows for the true neighbours", queries.len(), base.len());
    truth::compute(base, queries, &path)
}

impl Bench<'_> {
    /// Builds an index if need be and opens it.
    pub(crate) fn ready(&self, spec: Spec) -> Outcome<Searcher> {
        let (home, dir) = (self.home(&spec), self.index(&spec));
        let mut handle = Handle::start(&spec, &self.launch)?;
        let versions: Versions = handle.ask(&Request::Versions)?;
        let kept = (self.arguments.reuse && spec.persists).then(|| kept(&home, &self.collection.fingerprint)).flatten();
        let (built, reused) = match kept {
            Some(built) => (built, true),
            None => (build(&spec, &mut handle, &self.collection, &home, &dir)?, false),
        };
        if spec.persists && !reused {
            // The memory that building took must not count as memory for searching.
            handle = Handle::start(&spec, &self.launch)?;
        }
        let opened = handle.ask::<Opened>(&Request::Open { dir });
        let remedy = if reused { "; without --reuse it is built anew" } else { "" };
        let opened = opened.map_err(|error| format!("its index does not open: {error}{remedy}"))?;
        eprintln!("{}: opened in {:.1} ms", spec.name, opened.open_ms);
        Ok(Searcher::new(spec, handle, versions, built, opened))
    }

    fn home(&self, spec: &Spec) -> PathBuf {
        self.out.join(spec.name)
    }

    /// The folder that has only the engine's own files.
    pub(crate) fn index(&self, spec: &Spec) -> PathBuf {
        self.home(spec).join("index")
    }
}

/// What an earlier build of the same vectors took, if its index is still there.
fn kept(home: &Path, fingerprint: &str) -> Option<Built> {
    let kept: Kept = serde_json::from_slice(&std::fs::read(home.join("build.json")).ok()?).ok()?;
    (kept.fingerprint == fingerprint).then_some(kept.built)
}

fn build(spec: &Spec, handle: &mut Handle, collection: &Collection, home: &Path, dir: &Path) -> Outcome<Built> {
    if home.exists() {
        std::fs::remove_dir_all(home).map_err(|error| format!("{}: {error}", home.display()))?;
    }
    std::fs::create_dir_all(dir)?;
    eprintln!("{}: building", spec.name);
    let built: Built = handle.ask(&Request::Build { base: collection.base.clone(), dir: dir.to_owned() })?;
    eprintln!("{}: built in {:.1} s of processor, {:.1} s by the clock", spec.name, built.cpu_s, built.wall_s);
    let kept = Kept { fingerprint: collection.fingerprint.clone(), built };
    std::fs::write(home.join("build.json"), serde_json::to_vec_pretty(&kept)?)?;
    Ok(kept.built)
}
