//! Stage 1: of the rows in a batch each query is to be nearest to the one that is of use to it.
//!
//! InfoNCE (van den Oord et al. 2018, "Representation learning with contrastive predictive coding", arXiv 1807.03748) at each
//! prefix (Kusupati et al. 2022, "Matryoshka representation learning", arXiv 2205.13147). The others of a batch are the rows
//! of the other queries and, of each query, some of the best notes that are of no use to it. What is of use to a query is
//! never counted against it. A leash to the identity keeps what nobody judged as it is.

use super::super::super::RankError;
use super::super::super::random::Random;
use super::super::losses::cross_entropy;
use super::Contrasted;
use super::course::{Course, Mined};
use super::exact::Place;
use super::material::Material;

/// Trains until it is time to stop.
pub(super) fn contrast(course: &mut Course<'_>, settings: &Contrasted, prefixes: &[usize]) -> Result<(), RankError> {
    let mut step = 0;
    while course.look(step)? {
        let numbers = course.next();
        let (queries, rows, chosen) = draw(course, &numbers, settings.negatives);
        let batch = course.batch(&queries, &rows, prefixes)?;
        let (material, mut loss) = (course.material, 0.0);
        let share = 1.0 / (queries.len().max(1) * prefixes.len().max(1)) as f64;
        let rate = course.pace.rate_at(step);
        course.projection.step(&batch, (&mut course.adam, rate), settings.leash, |cosines| {
            let mut gradient = Vec::with_capacity(queries.len() * rows.len());
            for ((number, own), cosines) in queries.iter().zip(&chosen).zip(&cosines) {
                let (value, by_cosine) = of_query(material, *number, (*own, &rows), cosines, settings.temperature);
                loss += share * value;
                gradient.extend(by_cosine.into_iter().map(|value| (share * value) as f32));
            }
            gradient
        })?;
        course.lost(loss);
        step += 1;
    }
    Ok(())
}

/// For each query a row of use, and rows of notes that are not: the queries that have one, all rows, and the place of each
/// query's own among them.
fn draw(course: &mut Course<'_>, numbers: &[usize], negatives: usize) -> (Vec<usize>, Vec<Place>, Vec<usize>) {
    let (mut queries, mut rows, mut chosen) = (Vec::new(), Vec::new(), Vec::new());
    let mut random = course.random.clone();
    for number in numbers {
        let Some(mined) = course.mined(*number) else { continue };
        let Some(own) = of_use(mined, &mut random) else { continue };
        queries.push(*number);
        chosen.push(rows.len());
        rows.push(own);
        for _ in 0..negatives.min(mined.others.len()) {
            rows.extend(mined.others.get(random.below(mined.others.len())).copied());
        }
    }
    course.random = random;
    (queries, rows, chosen)
}

/// One of the rows of use, in proportion to grades.
fn of_use(mined: &Mined, random: &mut Random) -> Option<Place> {
    let total: f64 = mined.useful.iter().map(|(_, grade)| f64::from(*grade)).sum();
    let mut left = random.unit() * total;
    let found = mined.useful.iter().find(|(_, grade)| {
        left -= f64::from(*grade);
        left <= 0.0
    });
    found.or(mined.useful.last()).map(|(place, _)| *place)
}

/// The loss of a query and its gradient by the cosines.
fn of_query(
    material: &Material,
    number: usize,
    (own, rows): (usize, &[Place]),
    cosines: &[f32],
    temperature: f64,
) -> (f64, Vec<f64>) {
    let query = material.queries.get(number);
    let against = |place: &Place| query.is_none_or(|query| query.grade(place.note) <= 0.0);
    let counted: Vec<usize> =
        rows.iter().enumerate().filter(|(at, place)| *at == own || against(place)).map(|(at, _)| at).collect();
    let scores: Vec<f64> =
        counted.iter().filter_map(|at| cosines.get(*at)).map(|cosine| f64::from(*cosine) / temperature).collect();
    let gains: Vec<f32> = counted.iter().map(|at| f32::from(u8::from(*at == own))).collect();
    let slope = cross_entropy(&scores, &gains);
    let mut gradient = vec![0.0; rows.len()];
    for (at, value) in counted.iter().zip(slope.gradient) {
        if let Some(slot) = gradient.get_mut(*at) {
            *slot = value / temperature;
        }
    }
    (slope.value, gradient)
}
