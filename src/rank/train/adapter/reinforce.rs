//! Stage 2: orderings of a query's best notes are sampled by cosine, and the projection is moved towards those that are worth
//! more, as the head's is ([`super::super::reinforce`]).

use super::super::super::RankError;
use super::super::super::random::Random;
use super::super::Reward;
use super::super::losses::leash;
use super::super::policy::{add_gradient, advantages, sample};
use super::course::{Course, Mined};
use super::exact::{PLACES, Place};
use super::material::Judged;
use super::projection::Projection;
use super::settings::Rewarded;
use std::ops::Range;

/// Notes of use that an ordering has at most.
const USEFUL: usize = 50;

/// Trains until it is time to stop. `origin` is what the stage started with.
pub(super) fn reinforce(
    course: &mut Course<'_>,
    origin: &Projection,
    settings: &Rewarded,
    width: usize,
) -> Result<(), RankError> {
    let prefixes = [width];
    let mut step = 0;
    while course.look(step)? {
        let numbers = course.next();
        let share = 1.0 / numbers.len().max(1) as f64;
        let rate = course.pace.rate_at(step);
        // The candidates of all queries are rows of one batch; each query reads its own span.
        let (mut rows, mut spans) = (Vec::new(), Vec::new());
        for number in &numbers {
            let start = rows.len();
            rows.extend(course.mined(*number).into_iter().flat_map(candidates));
            spans.push(start..rows.len());
        }
        let batch = course.batch(&numbers, &rows, &prefixes)?;
        let before = origin.look(&batch)?.pop().unwrap_or_default();
        let (material, mut random, mut divergence) = (course.material, course.random.clone(), 0.0);
        course.projection.step(&batch, (&mut course.adam, rate), 0.0, |cosines| {
            let mut gradient = vec![0.0; numbers.len() * rows.len()];
            let each = numbers.iter().zip(&spans).zip(cosines.iter().zip(&before));
            for (((number, span), (now, then)), out) in each.zip(gradient.chunks_mut(rows.len().max(1))) {
                let places = rows.get(span.clone()).unwrap_or_default();
                let Some(query) = material.queries.get(*number).filter(|_| places.len() > 1) else { continue };
                let (now, then) = (cut(now, span), cut(then, span));
                let (slope, apart) = settings.slope(query, places, (&now, &then), &mut random);
                divergence += share * apart;
                let slots = out.get_mut(span.clone()).unwrap_or_default();
                slots.iter_mut().zip(slope).for_each(|(slot, part)| *slot = (share * part) as f32);
            }
            gradient
        })?;
        course.random = random;
        course.lost(divergence);
        step += 1;
    }
    Ok(())
}

impl Rewarded {
    /// The gradient of a query's loss by the cosines of its candidates, and the divergence from the start.
    fn slope(
        &self,
        query: &Judged,
        places: &[Place],
        (now, then): (&[f64], &[f64]),
        random: &mut Random,
    ) -> (Vec<f64>, f64) {
        let list = query.list(places.iter().map(|place| place.note));
        let judge = Reward::Ndcg { places: PLACES }.on(&list);
        let orders: Vec<Vec<usize>> =
            (0..self.samples).map(|_| sample(now, self.temperature, PLACES, random)).collect();
        let rewards: Vec<f64> = orders.iter().map(|order| judge.order(order)).collect();
        let mut slope = vec![0.0; now.len()];
        for (order, advantage) in orders.iter().zip(advantages(&rewards, false)) {
            // As for a head: the mean of the group counts each ordering against itself, too.
            let weight = -advantage / (self.samples.max(2) - 1) as f64;
            add_gradient(now, self.temperature, order, weight, &mut slope);
        }
        let held = leash(now, then, self.temperature);
        slope.iter_mut().zip(held.gradient).for_each(|(sum, part)| *sum += self.leash * part);
        (slope, held.value)
    }
}

/// A query's own part of the cosines with all rows.
fn cut(cosines: &[f32], span: &Range<usize>) -> Vec<f64> {
    cosines.get(span.clone()).unwrap_or_default().iter().map(|value| f64::from(*value)).collect()
}

/// The notes that orderings are made of: those of use, and the best of the others.
fn candidates(mined: &Mined) -> impl Iterator<Item = Place> {
    mined.useful.iter().take(USEFUL).map(|(place, _)| *place).chain(mined.others.iter().copied())
}
