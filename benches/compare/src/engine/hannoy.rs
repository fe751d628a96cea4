//! hannoy over LMDB, set as its README recommends.

use super::{Asked, EF_CONSTRUCTION, Engine, LINKS, NOT_OPEN, Pass, locked, pass, single};
use crate::Outcome;
use crate::data::Matrix;
use crate::protocol::Versions;
use hannoy::distances::Cosine;
use hannoy::{Database, Reader, Writer};
use heed::{CommitOrAbort, Env, EnvOpenOptions, RoTxn, WithTls};
use rand::{SeedableRng, rngs::StdRng};
use std::collections::BTreeMap;
use std::path::Path;

/// Links on the ground layer.
const GROUND_LINKS: usize = 2 * LINKS;
/// The one index in its database.
const INDEX: u16 = 0;
/// Room for the database to grow: addresses, neither memory nor disk.
const MAP_BYTES: usize = 1 << 38;

#[derive(Default)]
pub(super) struct Hannoy {
    open: Option<(Reader<'static, Cosine>, RoTxn<'static, WithTls>)>,
}

#[expect(unsafe_code, reason = "heed has no safe way to map a database into memory")]
fn environment(dir: &Path) -> Outcome<Env> {
    // SAFETY: the folder is one engine's own, and one process at a time works in it, opening it once.
    Ok(unsafe { EnvOpenOptions::new().map_size(MAP_BYTES).open(dir) }?)
}

impl Engine for Hannoy {
    fn versions(&self) -> Versions {
        ["hannoy", "heed"].map(|package| (package.to_owned(), locked(package))).into()
    }

    fn build(&mut self, base: &Matrix<f32>, dir: &Path) -> Outcome<BTreeMap<String, f64>> {
        let environment = environment(dir)?;
        let created = environment.create_databases_and_commit(environment.write_txn()?, |opener, creating| {
            opener.create_database(creating, None).map(CommitOrAbort::<_, ()>::Commit)
        });
        let database: Database<'_, Cosine> = created.map_err(|error: heed::Error| error)?.unwrap_commit();
        let mut writing = environment.write_txn()?;
        let writer = Writer::new(database, INDEX, base.width);
        for (row, vector) in base.rows().enumerate() {
            writer.add_item(&mut writing, row as u32, vector)?;
        }
        let mut random = StdRng::seed_from_u64(1);
        let mut builder = writer.builder(&mut random);
        builder.ef_construction(EF_CONSTRUCTION).build::<LINKS, GROUND_LINKS>(&mut writing)?;
        writing.commit()?;
        Ok(BTreeMap::new())
    }

    fn open(&mut self, dir: &Path) -> Outcome {
        let environment = environment(dir)?;
        let opened = environment.open_databases_and_commit(environment.read_txn()?, |opener, reading| {
            let database = opener.open_database(reading, None)?.ok_or("the database holds nothing")?;
            Ok::<_, Box<dyn std::error::Error>>(CommitOrAbort::<_, ()>::Commit(database))
        });
        let database: Database<'static, Cosine> = opened?.unwrap_commit();
        let reading = environment.static_read_txn()?;
        self.open = Some((Reader::open(&reading, INDEX, database)?, reading));
        Ok(())
    }

    fn search(&mut self, asked: &Asked<'_>, knob: &[f64]) -> Outcome<Pass> {
        let (reader, reading) = self.open.as_ref().ok_or(NOT_OPEN)?;
        let ef = single(knob)? as usize;
        pass(
            asked,
            |query| Ok(reader.nns(asked.k).ef_search(ef).by_vector(reading, query)?.into_nns()),
            |found| found.iter().map(|(row, _)| *row).collect::<Vec<_>>(),
            |_| None,
        )
    }
}
