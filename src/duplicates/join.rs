//! All pairs of sets that share enough, without comparing all pairs.
//!
//! Two sets that share much share one of their rarest members: of each set only so many of its rarest members are looked up
//! as it may lack ("prefix filtering": Chaudhuri, Ganti and Kaushik 2006, "A primitive operator for similarity joins in data
//! cleaning"; Bayardo, Ma and Srikant 2007, "Scaling up all pairs similarity search"). No pair of sets that are kept whole
//! is missed. Sampled sets are compared by what both samples cover, with room for the error of that, and the caller has the
//! last word.

use super::links::{Link, Links};
use super::wording::common;
use crate::error::Result;
use rayon::prelude::*;

/// How much lower than it is a similarity may be estimated from samples: four to five standard errors.
const ROOM: f64 = 0.1;
/// Sets whose partners are looked for at once: few at first, as clusters made by earlier ones save work on later ones.
const BLOCKS: [usize; 3] = [64, 512, 4_096];
/// So many pairs of a set with one cluster are looked at closely; the rest could only confirm them.
const ENOUGH: u32 = 8;
/// Counters of how rare members are; members that share one only look less rare than they are.
const COUNTERS: usize = 1 << 22;

/// A set, or a sample of it: its members with the lowest numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Set<'a> {
    /// Members in ascending order.
    pub(crate) members: &'a [u32],
    /// How many the whole set has.
    pub(crate) count: usize,
    /// The note it belongs to.
    pub(crate) note: u32,
}

impl<'a> Set<'a> {
    const fn is_whole(&self) -> bool {
        self.members.len() == self.count
    }

    /// The members up to a number.
    fn up_to(&self, bound: u32) -> &'a [u32] {
        let end = self.members.partition_point(|member| *member <= bound);
        self.members.get(..end).unwrap_or_default()
    }

    /// The number up to which the members are known.
    fn known(&self) -> u32 {
        if self.is_whole() { u32::MAX } else { self.members.last().copied().unwrap_or_default() }
    }
}

/// Sets ready for the search of partners.
pub(crate) struct Join<'a> {
    /// By ascending size.
    sets: Vec<Set<'a>>,
    least: f64,
    /// By set: a bit for each member, several of which may share one.
    bitmaps: Vec<Bitmap>,
    /// The rarest members of each set, by member and then by the place of the set.
    postings: Vec<(u32, u32)>,
    /// Where those of each set are among the postings.
    starts: Vec<usize>,
    places: Vec<u32>,
}

type Bitmap = [u64; 8];

/// Bits of members that only one of two sets has: at most as many as there are such members (Sandes, Teodoro and Melo 2020,
/// "Bitmap filter: speeding up exact set similarity joins with bitwise operations").
fn apart(one: &Bitmap, other: &Bitmap) -> usize {
    one.iter().zip(other).map(|(left, right)| (left ^ right).count_ones() as usize).sum()
}

fn bitmap(members: &[u32]) -> Bitmap {
    let mut bitmap = Bitmap::default();
    for member in members {
        let bit = member.wrapping_mul(0x85eb_ca6b) >> 23;
        if let Some(word) = bitmap.get_mut(bit as usize / 64) {
            *word |= 1 << (bit % 64);
        }
    }
    bitmap
}

/// What Dice's coefficient of two sets must be, turned into the share of the larger one's size that the smaller one has at
/// least, and that both share at least.
fn share(least: f64) -> f64 {
    least / (2.0 - least)
}

impl<'a> Join<'a> {
    /// For pairs with a Dice coefficient of at least `least`. Empty sets have no partners.
    pub(crate) fn new(mut sets: Vec<Set<'a>>, least: f64) -> Self {
        sets.retain(|set| !set.members.is_empty());
        sets.sort_unstable_by_key(|set| (set.count, set.note));
        let total: usize = sets.iter().map(|set| set.members.len()).sum();
        let mut counters = vec![0_u32; total.next_power_of_two().clamp(1_024, COUNTERS)];
        let slot = |member: u32, counters: &[u32]| member.wrapping_mul(0x9e37_79b1) as usize & (counters.len() - 1);
        for member in sets.iter().flat_map(|set| set.members) {
            let slot = slot(*member, &counters);
            if let Some(counter) = counters.get_mut(slot) {
                *counter = counter.saturating_add(1);
            }
        }
        let rarity = |member: &u32| (counters.get(slot(*member, &counters)).copied().unwrap_or_default(), *member);
        let sampled = sets.iter().find(|set| !set.is_whole()).map_or(usize::MAX, |set| set.count);
        let mut starts = Vec::with_capacity(sets.len() + 1);
        let mut postings = Vec::new();
        let mut rarest = Vec::new();
        for (place, set) in (0_u32..).zip(&sets) {
            // Sets that a sampled one may be a partner of give room for its error, too.
            let roomy = set.count as f64 >= share(least - ROOM) * sampled as f64;
            let shared = share(if roomy { (least - ROOM).max(0.0) } else { least });
            let needed = (set.members.len() as f64 * shared - 1e-9).ceil().max(1.0) as usize;
            let prefix = (set.members.len() + 1).saturating_sub(needed).max(1);
            rarest.clear();
            rarest.extend_from_slice(set.members);
            if prefix < rarest.len() {
                rarest.select_nth_unstable_by_key(prefix - 1, rarity);
            }
            starts.push(postings.len());
            postings.extend(rarest.iter().take(prefix).map(|member| (*member, place)));
        }
        starts.push(postings.len());
        postings.par_sort_unstable();
        let mut next = starts.clone();
        let mut places = vec![0; postings.len()];
        for (at, (_, place)) in (0_u32..).zip(&postings) {
            let slot = next.get_mut(*place as usize).map(|next| std::mem::replace(next, *next + 1));
            if let Some(entry) = slot.and_then(|slot| places.get_mut(slot)) {
                *entry = at;
            }
        }
        let bitmaps = sets.iter().map(|set| bitmap(set.members)).collect();
        Self { sets, least, bitmaps, postings, starts, places }
    }

    /// Sets there are.
    pub(crate) fn len(&self) -> usize {
        self.sets.len()
    }

    /// Whether two sets in these places differ in more members than their coefficient allows.
    fn too_far(&self, one: usize, other: usize) -> bool {
        let whole = |place: usize| self.sets.get(place).filter(|set| set.is_whole()).map(|set| set.count);
        let bitmaps = self.bitmaps.get(one).zip(self.bitmaps.get(other));
        let Some(((one, other), (left, right))) = bitmaps.zip(whole(one).zip(whole(other))) else { return false };
        apart(one, other) as f64 > (1.0 - self.least) * (left + right) as f64 + 1e-9
    }

    /// Dice's coefficient of two sets, if it is high enough or may be; estimated where one is a sample.
    fn compare(&self, one: &Set<'_>, other: &Set<'_>) -> Option<f64> {
        let bound = one.known().min(other.known());
        let (left, right) = (one.up_to(bound), other.up_to(bound));
        let whole = one.is_whole() && other.is_whole();
        let least = if whole { self.least } else { self.least - ROOM };
        let sizes = (left.len() + right.len()) as f64;
        let shared = common(left, right, (least * sizes / 2.0 - 1e-9).ceil().max(0.0) as usize);
        let similarity = 2.0 * shared as f64 / sizes;
        (similarity >= least - 1e-12).then_some(similarity)
    }

    /// The pairs of the set in this place with sets before it.
    fn partners(&self, place: usize, scratch: &mut Scratch, known: &[u32], decide: Decide<'_>) -> Vec<Pair> {
        let mut pairs = Vec::new();
        let Some(set) = self.sets.get(place) else { return pairs };
        let bounds = self.starts.get(place).zip(self.starts.get(place + 1));
        let entries = bounds.and_then(|(start, end)| self.places.get(*start..*end)).unwrap_or_default();
        let smallest = set.count as f64 * share(self.least) - 1e-9;
        scratch.clusters.clear();
        for entry in entries {
            let Some((member, _)) = self.postings.get(*entry as usize) else { continue };
            // Backwards from the larger sets to the smaller ones, until they are too small.
            let before = self.postings.get(..*entry as usize).unwrap_or_default().iter().rev();
            for (_, other) in before.take_while(|(key, _)| key == member) {
                let Some(partner) = self.sets.get(*other as usize) else { continue };
                if (partner.count as f64) < smallest {
                    break;
                }
                let Some(stamp) = scratch.seen.get_mut(*other as usize) else { continue };
                if std::mem::replace(stamp, place as u32 + 1) == place as u32 + 1 {
                    continue;
                }
                if self.too_far(place, *other as usize) {
                    continue;
                }
                let cluster = known.get(partner.note as usize).copied().unwrap_or(partner.note);
                if scratch.has_enough(cluster) {
                    continue;
                }
                let Some(similarity) = self.compare(set, partner) else { continue };
                if let Some((link, back)) = decide(set.note, partner.note, similarity) {
                    pairs.push(Pair { link, back, one: set.note, other: partner.note });
                    scratch.count(cluster);
                }
            }
        }
        pairs
    }
}

/// Has the last word on two notes whose sets share enough: what links the first to the second, and back.
pub(crate) type Decide<'a> = &'a (dyn Fn(u32, u32, f64) -> Option<(Link, Link)> + Sync);

struct Pair {
    one: u32,
    other: u32,
    link: Link,
    back: Link,
}

/// What a thread keeps while it looks for partners.
struct Scratch {
    /// By set: the last one, counted from 1, that met it.
    seen: Vec<u32>,
    /// Clusters that the set has partners in, and how many.
    clusters: Vec<(u32, u32)>,
}

impl Scratch {
    fn has_enough(&self, cluster: u32) -> bool {
        self.clusters.iter().any(|(known, count)| *known == cluster && *count >= ENOUGH)
    }

    fn count(&mut self, cluster: u32) {
        match self.clusters.iter_mut().find(|(known, _)| *known == cluster) {
            Some((_, count)) => *count += 1,
            None => self.clusters.push((cluster, 1)),
        }
    }
}

/// Links the notes of all pairs of sets that share enough and that `decide` agrees with. `step` hears after each block how
/// many sets are done, and ends the work with its error.
///
/// # Errors
/// Those of `step`.
pub(crate) fn link_all(
    join: &Join<'_>,
    links: &mut Links,
    decide: Decide<'_>,
    step: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<()> {
    let [mut block, least, most] = BLOCKS;
    let largest = (join.len() / 256).clamp(least, most);
    let mut first = 0;
    while first < join.len() {
        let known = links.roots();
        let last = join.len().min(first + block);
        let fresh = || Scratch { seen: vec![0; join.len()], clusters: Vec::new() };
        let partners = |scratch: &mut Scratch, place: usize| join.partners(place, scratch, &known, decide);
        let found: Vec<Vec<Pair>> = (first..last).into_par_iter().map_init(fresh, partners).collect();
        for Pair { one, other, link, back } in found.into_iter().flatten() {
            links.add(one, link);
            links.add(other, back);
        }
        step(last - first)?;
        (first, block) = (last, largest.min(2 * block));
    }
    Ok(())
}
