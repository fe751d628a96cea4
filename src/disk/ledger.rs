//! The in-memory twin's account: which names and contents a running process sees, which of them are durable, and
//! what a power loss could make of the rest.
//!
//! Durable is the least that a file system owes: a file's content as of its last sync, and names as of the last
//! directory sync. A failed directory sync leaves the changes it covered not durable for good, whatever is synced
//! later, as real systems may; of a file, nothing is synced twice. Name changes survive independently of each other,
//! but a rename is one change.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Bytes;
use super::faults::{Seeded, Survival, torn};

type Names = BTreeMap<String, Arc<Node>>;

/// The account of one storage.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The names as a running process sees them.
    live: Names,
    /// The names as of the last directory sync.
    durable: Names,
    /// The changes that lead from `durable` to `live`, in order.
    pending: Vec<NameChange>,
}

/// A file's content, shared by all names it has had.
#[derive(Debug)]
pub(super) struct Node(Mutex<Content>);

#[derive(Debug)]
struct Content {
    live: Bytes,
    durable: Bytes,
}

#[derive(Debug)]
struct NameChange {
    /// The name that goes, by removal or renaming.
    gone: Option<String>,
    /// The name that comes, with its file.
    come: Option<(String, Arc<Node>)>,
    /// A directory sync that should have covered it failed.
    lost: bool,
}

impl Ledger {
    /// What a running process reads under a name.
    pub(super) fn content(&self, name: &str) -> Option<Bytes> {
        self.live.get(name).map(|node| node.0.lock().live.clone())
    }

    /// The names that a running process sees, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.live.keys()
    }

    /// A new, empty file; none if the name is taken.
    pub(super) fn create(&mut self, name: &str) -> Option<Arc<Node>> {
        if self.live.contains_key(name) {
            return None;
        }
        let node = Arc::new(Node::settled(Bytes::from_vec(Vec::new())));
        self.change(None, Some((name.to_owned(), Arc::clone(&node))));
        Some(node)
    }

    /// Renames a file over whatever has the new name; none if there is no such file.
    pub(super) fn rename(&mut self, from: &str, to: &str) -> Option<()> {
        let node = Arc::clone(self.live.get(from)?);
        self.change(Some(from.to_owned()), Some((to.to_owned(), node)));
        Some(())
    }

    /// Takes a name away; none if there is no such file.
    pub(super) fn unlink(&mut self, name: &str) -> Option<()> {
        self.live.contains_key(name).then_some(())?;
        self.change(Some(name.to_owned()), None);
        Some(())
    }

    /// Accounts for a directory sync: all pending changes become durable, save those that an earlier sync lost and
    /// nothing has overwritten since.
    pub(super) fn names_synced(&mut self) {
        let pending = std::mem::take(&mut self.pending).into_iter();
        let (lost, fresh): (Vec<_>, Vec<_>) = pending.partition(|change| change.lost);
        for change in &fresh {
            change.apply(&mut self.durable);
        }
        let overwritten = |old: &NameChange| {
            let mut names = fresh.iter().flat_map(NameChange::names);
            names.any(|name| old.names().any(|old| old == name))
        };
        self.pending = lost.into_iter().filter(|old| !overwritten(old)).collect();
    }

    /// Accounts for a failed directory sync.
    pub(super) fn names_lost(&mut self) {
        self.pending.iter_mut().for_each(|change| change.lost = true);
    }

    /// The account after a power loss at this moment; everything that is left is durable.
    pub(super) fn after_crash(&self, survival: Survival) -> Self {
        let mut seeded = match survival {
            Survival::Torn(seed) => Some(Seeded(seed)),
            Survival::DurableOnly | Survival::Everything => None,
        };
        let mut names = self.durable.clone();
        for change in &self.pending {
            let survives = match &mut seeded {
                Some(seeded) => seeded.below(2) == 0,
                None => survival == Survival::Everything,
            };
            if survives {
                change.apply(&mut names);
            }
        }
        let remount = |(name, node): (String, Arc<Node>)| {
            let content = node.0.lock();
            let left = match &mut seeded {
                Some(seeded) => torn(&content.durable, &content.live, seeded),
                None if survival == Survival::Everything => content.live.clone(),
                None => content.durable.clone(),
            };
            (name, Arc::new(Node::settled(left)))
        };
        let durable: Names = names.into_iter().map(remount).collect();
        Self { live: durable.clone(), durable, pending: Vec::new() }
    }

    fn change(&mut self, gone: Option<String>, come: Option<(String, Arc<Node>)>) {
        let change = NameChange { gone, come, lost: false };
        change.apply(&mut self.live);
        self.pending.push(change);
    }
}

impl Node {
    /// A file whose content is durable.
    fn settled(content: Bytes) -> Self {
        Self(Mutex::new(Content { live: content.clone(), durable: content }))
    }

    /// Accounts for written content: visible, not durable.
    pub(super) fn written(&self, content: Bytes) {
        self.0.lock().live = content;
    }

    /// Accounts for a file sync.
    pub(super) fn synced(&self) {
        let mut content = self.0.lock();
        content.durable = content.live.clone();
    }
}

impl NameChange {
    fn apply(&self, names: &mut Names) {
        if let Some(gone) = &self.gone {
            names.remove(gone);
        }
        if let Some((name, node)) = &self.come {
            names.insert(name.clone(), Arc::clone(node));
        }
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        let come = self.come.as_ref().map(|(name, _)| name);
        self.gone.iter().chain(come)
    }
}
