//! A head that can be trusted where nothing was judged: the order it starts from, moved by few and small weights.
//!
//! A head that is free to fit a handful of collections learns what is particular to them (how many notes are relevant, how
//! long queries are), and is worse than no head on the next one. Here a score is `a (z(base) + sum of w z(feature))`, where `z`
//! are standard deviations from the mean of the query's candidates, no weight of a feature that should help falls below 0,
//! and all are held close to 0 by a ridge. The hidden layers add nothing yet: training on a user's own judgments starts from
//! here, with all weights free.

use super::super::inputs::DEVIATION;
use super::super::{Head, List, RankError};
use super::course::check_range;
use super::folds::by_group;
use super::losses::cross_entropy;
use serde::{Deserialize, Serialize};

/// Learning rate and steps of a full-batch fit (Adam's method, Kingma and Ba 2015, for so few weights).
const RATE: f64 = 0.05;
const STEPS: usize = 120;
const MOMENTA: [f64; 2] = [0.9, 0.99];

/// Settings of the fit. All are in the record of the head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighing {
    /// The feature that gives the order to start from.
    pub base: String,
    /// Features whose weight may fall below 0.
    pub free: Vec<String>,
    /// How strongly weights are held close to 0.
    pub ridge: f64,
    /// Whether the head is kept from all but how the candidates of a query differ: then neither the size of a value nor
    /// anything that all candidates share can tell one collection from another, now and in later stages.
    pub relative: bool,
}

impl Default for Weighing {
    fn default() -> Self {
        Self { base: "fused".to_owned(), free: Vec::new(), ridge: 0.1, relative: true }
    }
}

/// Fits the linear path of an untrained head to lists, each collection weighing the same.
///
/// # Errors
/// [`RankError::UnknownFeature`] for a base that the head does not read, those of [`super::supervise`].
pub fn weigh(start: &Head, lists: &[List], settings: &Weighing) -> Result<Head, RankError> {
    check_range("ridge", settings.ridge, 0.0..=1e6)?;
    super::super::list::check_all(lists, start.schema().width())?;
    let names: Vec<&str> = start.features().collect();
    let unknown = || RankError::UnknownFeature { name: settings.base.clone(), version: start.schema().version() };
    let base = names.iter().position(|name| *name == settings.base).ok_or_else(unknown)?;
    let free: Vec<bool> = names.iter().map(|name| settings.free.iter().any(|free| free == name)).collect();
    let at: Vec<usize> = start.reading().spans().map(|(_, span)| span.start + DEVIATION).collect();
    let groups = by_group(lists, 0..lists.len());
    let mut fitted = Vec::new();
    for numbers in groups.values() {
        for list in numbers.iter().filter_map(|number| lists.get(*number)) {
            let share = 1.0 / (numbers.len() * groups.len()) as f64;
            fitted.push(Fitted { rows: deviations(start, list, &at)?, gains: &list.grades, share });
        }
    }
    let mut weights = vec![0.0; names.len() + 1];
    let mut adam = [vec![0.0; weights.len()], vec![0.0; weights.len()]];
    for step in 1..=STEPS {
        let gradient = slope(&fitted, &weights, base, settings.ridge);
        for (number, (weight, part)) in weights.iter_mut().zip(&gradient).enumerate() {
            let mut moved = [0.0; 2];
            for ((moment, momentum), (moved, value)) in
                adam.iter_mut().zip(MOMENTA).zip(moved.iter_mut().zip([*part, part * part]))
            {
                let Some(moment) = moment.get_mut(number) else { continue };
                *moment = momentum * *moment + (1.0 - momentum) * value;
                *moved = *moment / (1.0 - momentum.powi(step as i32));
            }
            let [mean, square] = moved;
            *weight -= RATE * mean / (square.sqrt() + 1e-8);
            if free.get(number) == Some(&false) {
                *weight = weight.max(0.0);
            }
        }
    }
    Ok(assembled(start, &at, &weights, base, settings, lists))
}

/// A list as it is fitted: a row a candidate, a column a feature.
struct Fitted<'a> {
    rows: Vec<Vec<f64>>,
    gains: &'a [f32],
    share: f64,
}

fn deviations(head: &Head, list: &List, at: &[usize]) -> Result<Vec<Vec<f64>>, RankError> {
    let inputs = head.inputs(&list.table)?;
    let row = |candidate: usize| {
        let all: Vec<f32> = inputs.of(candidate).collect();
        at.iter().map(|input| all.get(*input).copied().unwrap_or(0.0).into()).collect()
    };
    Ok((0..list.table.len()).map(row).collect())
}

/// The gradient of the loss and the ridge by the weights; the last one is the logarithm of the common scale.
fn slope(lists: &[Fitted<'_>], weights: &[f64], base: usize, ridge: f64) -> Vec<f64> {
    let scale = weights.last().copied().unwrap_or(0.0).exp();
    let mut gradient: Vec<f64> = weights.iter().map(|weight| 2.0 * ridge * weight).collect();
    if let Some(last) = gradient.last_mut() {
        *last = 0.0;
    }
    for list in lists {
        let sum = |row: &Vec<f64>| {
            let moved: f64 = row.iter().zip(weights).map(|(value, weight)| value * weight).sum();
            moved + row.get(base).copied().unwrap_or(0.0)
        };
        let sums: Vec<f64> = list.rows.iter().map(sum).collect();
        let scores: Vec<f64> = sums.iter().map(|sum| scale * sum).collect();
        for ((part, row), sum) in cross_entropy(&scores, list.gains).gradient.into_iter().zip(&list.rows).zip(&sums) {
            let part = part * scale * list.share;
            gradient.iter_mut().zip(row).for_each(|(gradient, value)| *gradient += part * value);
            if let Some(last) = gradient.last_mut() {
                *last += part * sum;
            }
        }
    }
    gradient
}

/// The head with these weights on its linear path.
fn assembled(start: &Head, at: &[usize], weights: &[f64], base: usize, settings: &Weighing, lists: &[List]) -> Head {
    let scale = weights.last().copied().unwrap_or(0.0).exp();
    let mut all = start.weights().clone();
    all.skip.fill(0.0);
    for (number, (input, weight)) in at.iter().zip(weights).enumerate() {
        if let Some(skip) = all.skip.get_mut(*input) {
            *skip = (scale * (weight + f64::from(u8::from(number == base)))) as f32;
        }
    }
    let mut about = start.about().clone();
    about.stages.push(serde_json::json!({ "settings": { "weighing": settings }, "lists": lists.len() }).to_string());
    let mut scalings = super::supervise::scalings(start, lists, 0..lists.len());
    if settings.relative {
        scalings.iter_mut().for_each(|scaling| scaling.scale = 0.0);
    }
    start.with(scalings, all, about)
}
