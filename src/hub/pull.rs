//! A pull from the list of files to the snapshot's folder.

use super::cache::Repo;
use super::client::Client;
use super::fetch::Wanted;
use super::name::check_revision;
use super::{Hub, HubError, Progress, Pull, Pulled, choose, kind, listing};
use std::ops::ControlFlow;

/// Bytes that stay free on the disk: links, folders, and what else runs on the machine.
const SPARE: u64 = 16 << 20;

/// See [`Hub::pull`].
pub(super) fn run(
    hub: &Hub,
    id: &str,
    options: &Pull,
    watch: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
) -> Result<Pulled, HubError> {
    let repo = Repo::of(&hub.cache, id)?;
    check_revision(&options.revision)?;
    if hub.offline {
        return from_cache(hub, &repo, id, options);
    }
    let client = Client::new(hub, id);
    let (commit, files) = plan(&client, options)?;
    let missing: Vec<&Wanted> = files.iter().filter(|file| !file.is_there(&repo)).collect();
    repo.prepare()?;
    let needed = sum(missing.iter().map(|file| file.expected.size - file.left(&repo)));
    if needed > 0 {
        check_room(hub, needed)?;
    }
    let total = sum(files.iter().map(|file| file.expected.size));
    let mut done = total - sum(missing.iter().map(|file| file.expected.size));
    let mut fetched_bytes = 0;
    for file in &missing {
        let mut step = |here: u64| watch(Progress { file: &file.name, done: done + here, total });
        fetched_bytes += file.fetch(&client, &repo, &mut step)?;
        done += file.expected.size;
    }
    // Only now, so that a snapshot's folder is a whole model or none; the ref last, so that it never leads to half of one.
    for file in &files {
        repo.show(&commit, &file.name, &file.expected.etag)?;
    }
    repo.note(&options.revision, &commit)?;
    let mut path = repo.snapshot(&commit);
    path.extend(files.iter().map(|file| &file.name).find(|name| choose::is_gguf(name)));
    Ok(Pulled { path, commit, fetched_files: missing.len(), fetched_bytes })
}

fn from_cache(hub: &Hub, repo: &Repo, id: &str, options: &Pull) -> Result<Pulled, HubError> {
    let commit = repo.commit(&options.revision);
    let gguf = options.gguf.as_deref();
    let found = commit.and_then(|commit| Some((repo.opened(&commit, gguf)?, commit)));
    // A folder may hold a GGUF file of an earlier pull and nothing of what is asked for now.
    match found.filter(|(path, _)| gguf.is_some() || kind::has_safetensors(path)) {
        Some((path, commit)) => Ok(Pulled { path, commit, fetched_files: 0, fetched_bytes: 0 }),
        None => Err(HubError::Offline {
            id: id.to_owned(),
            revision: options.revision.clone(),
            gguf: options.gguf.clone(),
            cache: hub.cache.clone(),
        }),
    }
}

/// What has to be in the snapshot, in the order to show it.
fn plan(client: &Client<'_>, options: &Pull) -> Result<(String, Vec<Wanted>), HubError> {
    let listing = listing::ask(client, &options.revision)?;
    let names: Vec<&str> = listing.files.iter().map(|file| file.name.as_str()).collect();
    let mut files = Vec::new();
    for at in choose::needed(client.id, &names, options.gguf.as_deref())? {
        let Some(file) = listing.files.get(at) else { continue };
        files.push(Wanted {
            name: file.name.clone(),
            url: file.address(client, &listing.commit),
            expected: file.expected(client, &listing.commit)?,
        });
    }
    Ok((listing.commit, files))
}

fn check_room(hub: &Hub, needed: u64) -> Result<(), HubError> {
    let available = fs4::available_space(&hub.cache).map_err(HubError::io("look at", &hub.cache))?;
    match needed.checked_add(SPARE) {
        Some(needed) if needed <= available => Ok(()),
        _ => Err(HubError::DiskFull { path: hub.cache.clone(), needed, available }),
    }
}

/// Sizes come from the server: no sum of them may overflow.
fn sum(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}
