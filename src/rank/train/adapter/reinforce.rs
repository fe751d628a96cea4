//! Stage 2: orderings of a query's best notes are sampled by cosine, and the projection is moved towards those that are worth
//! more, as the head's is ([`super::super::reinforce`]).

use super::super::super::RankError;
use super::super::Reward;
use super::super::losses::leash;
use super::super::policy::{add_gradient, advantages, sample};
use super::Rewarded;
use super::course::{Course, Mined};
use super::exact::{PLACES, Place};
use super::projection::Projection;

/// Notes of use that an ordering has at most.
const USEFUL: usize = 50;

/// Trains until it is time to stop. `origin` is what the stage started with.
pub(super) fn reinforce(
    course: &mut Course<'_>,
    origin: &Projection,
    settings: &Rewarded,
    width: usize,
) -> Result<(), RankError> {
    let (reward, prefixes) = (Reward::Ndcg { places: PLACES }, [width]);
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
            let each =
                numbers.iter().zip(&spans).zip(cosines.iter().zip(&before)).zip(gradient.chunks_mut(rows.len().max(1)));
            for (((number, span), (now, then)), out) in each {
                let cut = |all: &[f32]| -> Vec<f64> {
                    all.get(span.clone()).unwrap_or_default().iter().map(|value| f64::from(*value)).collect()
                };
                let (now, then) = (cut(now), cut(then));
                let Some(query) = material.queries.get(*number).filter(|_| now.len() > 1) else { continue };
                let places = rows.get(span.clone()).unwrap_or_default();
                let list = query.list(places.iter().map(|place| place.note));
                let judge = reward.on(&list);
                let orders: Vec<Vec<usize>> =
                    (0..settings.samples).map(|_| sample(&now, settings.temperature, PLACES, &mut random)).collect();
                let rewards: Vec<f64> = orders.iter().map(|order| judge.order(order)).collect();
                let mut slope = vec![0.0; now.len()];
                for (order, advantage) in orders.iter().zip(advantages(&rewards, false)) {
                    let weight = -advantage / (settings.samples.max(2) - 1) as f64;
                    add_gradient(&now, settings.temperature, order, weight, &mut slope);
                }
                let held = leash(&now, &then, settings.temperature);
                divergence += share * held.value;
                let slots = out.get_mut(span.clone()).unwrap_or_default();
                for ((slot, own), held) in slots.iter_mut().zip(slope).zip(held.gradient) {
                    *slot = (share * (own + settings.leash * held)) as f32;
                }
            }
            gradient
        })?;
        course.random = random;
        course.lost(divergence);
        step += 1;
    }
    Ok(())
}

/// The notes that orderings are made of: those of use, and the best of the others.
fn candidates(mined: &Mined) -> impl Iterator<Item = Place> {
    mined.useful.iter().take(USEFUL).map(|(place, _)| *place).chain(mined.others.iter().copied())
}
