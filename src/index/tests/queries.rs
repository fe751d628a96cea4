//! Queries of several terms: what the encoder is given, and where the directions point.

use super::oracle::{Draw, Shape, best, unit, vectors};
use super::*;
use crate::encode::{EncodeError, Encoder, EncoderInfo, Input, Modalities, Part, Role};
use crate::error::QueryError;
use crate::note::Picture;
use crate::vector::Vectors;
use parking_lot::Mutex;

/// An encoder that sees, and keeps a list of what it was asked. Words and colours are axes.
struct Seer {
    info: EncoderInfo,
    asked: Mutex<Vec<Vec<String>>>,
}

const AXES: [&str; 4] = ["red", "green", "blue", "dress"];

impl Seer {
    fn shared() -> Arc<Self> {
        let mut info = EncoderInfo::new("seer", "seer-1", AXES.len());
        info.modalities = Modalities::TEXT_AND_PICTURE;
        Arc::new(Self { info, asked: Mutex::default() })
    }
}

impl Encoder for Seer {
    fn info(&self) -> &EncoderInfo {
        &self.info
    }

    fn encode(&self, role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError> {
        let mut vectors = Vectors::with_capacity(AXES.len(), inputs.len()).unwrap();
        for input in inputs {
            let mut vector = vec![0.01; AXES.len()];
            let mut names = Vec::new();
            for part in input.parts {
                let name = match part {
                    Part::Text(text) => (*text).to_owned(),
                    Part::Picture(pixels) => {
                        let channel = (0..3).max_by_key(|channel| pixels.rgb[*channel]).unwrap();
                        format!("a picture: {}", AXES[channel])
                    }
                };
                AXES.iter()
                    .enumerate()
                    .filter(|(_, axis)| name.contains(*axis))
                    .for_each(|(axis, _)| vector[axis] += 1.0);
                names.push(name);
            }
            if role == Role::Query {
                self.asked.lock().push(names);
            }
            vectors.push(&unit(vector)).unwrap();
        }
        Ok(vectors)
    }
}

/// A picture file of one pixel.
fn pixel(rgb: [u8; 3]) -> Vec<u8> {
    let mut file = b"GIF89a\x01\x00\x01\x00\x80\x00\x00".to_vec();
    file.extend(rgb);
    file.extend(*b"\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;");
    file
}

fn wardrobe() -> (Index, Arc<Seer>) {
    let seer = Seer::shared();
    let index = Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().encoder(seer.clone())).unwrap();
    for id in ["red", "green", "blue", "dress", "red dress", "green dress", "blue dress"] {
        index.add(Note::new(id).title(id)).unwrap();
    }
    index.commit().unwrap();
    (index, seer)
}

#[test]
fn texts_and_pictures_that_are_wanted_are_read_together_in_their_order() {
    let (index, seer) = wardrobe();
    let found =
        |query: Query| index.search(query, &SearchOptions::new().k(1).mode(Mode::Dense)).unwrap().hits.remove(0).id;
    assert_eq!(found(Query::picture(pixel([200, 0, 0])).and("a dress")), "red dress");
    assert_eq!(found(Query::picture(Picture::bytes(pixel([0, 0, 200])).alt("green"))), "blue");
    assert_eq!(found(Query::text("a green dress").unlike("dress")), "green");
    assert_eq!(found(Query::text("dress").weight(3.0).and(Query::picture(pixel([0, 9, 0])))), "dress");
    let asked: Vec<Vec<String>> = seer.asked.lock().clone();
    let expected: [&[&str]; 6] = [
        &["a picture: red", "a dress"],
        &["a picture: blue"],
        &["a green dress"],
        &["dress"],
        &["dress"],
        &["a picture: green"],
    ];
    assert_eq!(asked, expected);
}

#[test]
fn negatives_turn_the_answer_round() {
    let (index, _) = wardrobe();
    let first = |query: Query| index.search(query, &SearchOptions::new().k(2).mode(Mode::Dense)).unwrap();
    // A text alone, a note and a picture as what is not wanted; notes that are terms are no hits.
    assert_eq!(first(Query::like(["green dress", "red dress"])).hits[0].id, "dress");
    let away = first(Query::like(["green dress", "red dress"]).unlike(Query::similar("dress")));
    let mut colours = ids(&away);
    colours.sort_unstable();
    assert_eq!(colours, ["green", "red"]);
    let picture = first(Query::text("red green").unlike(Query::picture(pixel([0, 255, 0]))));
    assert_eq!(picture.hits[0].id, "red");
    // What a query turns away from that is turned away from is wanted.
    let twice = Query::text("dress").unlike(Query::text("red").unlike("blue"));
    assert_eq!(first(twice).hits[0].id, "blue dress");
}

#[test]
fn the_direction_is_the_mean_of_what_is_wanted_less_half_of_what_is_not() {
    let (index, _) = external(8);
    let rows = vectors(Shape::Uniform, 300, 8, 5);
    for (number, row) in rows.iter().enumerate() {
        put(&index, &format!("{number:03}"), row);
    }
    index.commit().unwrap();
    let mut draw = Draw(77);
    for _ in 0..50 {
        let (mut sum, mut terms) = (vec![0.0_f64; 8], Vec::new());
        let mut query = Query::like([""; 0]);
        for (count, share) in [(1 + draw.below(3), 1.0), (draw.below(3), -0.5)] {
            let weights: Vec<f32> = (0..count).map(|_| 0.25 + draw.below(8) as f32).collect();
            let total: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
            for weight in &weights {
                let number = draw.below(300);
                let id = format!("{number:03}");
                let (vector, term) = if draw.below(2) == 0 {
                    let longer: Vec<f32> = draw.unit(8).iter().map(|value| value * 3.0).collect();
                    (unit(longer.clone()), Query::vector(longer))
                } else {
                    terms.push(id.clone());
                    (rows[number].clone(), Query::similar(id))
                };
                let part = share * f64::from(*weight) / total;
                sum.iter_mut().zip(&vector).for_each(|(sum, value)| *sum += part * f64::from(*value));
                let term = term.weight(*weight);
                query = if share > 0.0 { query.and(term) } else { query.unlike(term) };
            }
        }
        let target = unit(sum.iter().map(|value| *value as f32).collect());
        let others = rows.iter().enumerate().map(|(number, row)| (format!("{number:03}"), row));
        let others: Vec<(String, &Vec<f32>)> = others.filter(|(id, _)| !terms.contains(id)).collect();
        let truth = best(others.iter().map(|(id, row)| (id.as_str(), row.as_slice())), &target, 20);
        let answer = index.search(query, &SearchOptions::new().k(20).recall(1.0).mode(Mode::Dense)).unwrap();
        assert_eq!(answer.hits.len(), 20);
        for (hit, (id, score)) in answer.hits.iter().zip(&truth) {
            assert!((f64::from(hit.score) - score).abs() < 1e-5, "{hit:?} instead of {id} {score}");
            assert!(!terms.contains(&hit.id));
        }
    }
}

#[test]
fn queries_that_say_nothing_are_refused_with_what_would_do() {
    let (index, _) = external(2);
    index.add_space("audio", 2).unwrap();
    index
        .put_with_vector(Note::new("a").vector("audio", [1.0, 0.0]).vector("audio", [-1.0, 0.0]), &[1.0, 0.0])
        .unwrap();
    put(&index, "b", &[0.0, 1.0]);
    index.commit().unwrap();
    let refused = |query: Query| index.search(query, &SearchOptions::new()).unwrap_err();
    let query_error = |query: Query| match refused(query) {
        Error::Query(error) => error,
        other => panic!("{other}"),
    };
    let east = || Query::vector([1.0, 0.0]);
    assert_eq!(query_error(Query::like([""; 0])), QueryError::Empty);
    let space = |name: &str| name.to_owned();
    assert_eq!(query_error(Query::like([""; 0]).unlike(east())), QueryError::OnlyUnwanted { space: space("content") });
    let elsewhere = east().unlike(Query::vector_in("audio", [1.0, 0.0]));
    assert_eq!(query_error(elsewhere), QueryError::OnlyUnwanted { space: space("audio") });
    assert_eq!(query_error(east().and(Query::vector([-3.0, 0.0]))), QueryError::CancelsOut { space: space("content") });
    assert_eq!(query_error(Query::similar_in("a", "audio")), QueryError::CancelsOut { space: space("audio") });
    for weight in [0.0, -1.0, f32::INFINITY, f32::NAN] {
        assert!(matches!(query_error(east().weight(weight)), QueryError::Weight { .. }));
    }
    let unknown = refused(Query::vector_in("smell", [1.0]));
    assert!(unknown.to_string().contains("it has audio"), "{unknown}");
    assert!(matches!(refused(Query::vector_in("audio", [1.0])), Error::SpaceVector { .. }));
    assert!(matches!(refused(Query::similar_in("b", "audio")), Error::NoVectorIn { .. }));
    assert!(matches!(refused(Query::similar_in("c", "audio")), Error::NoSuchNote { .. }));
    assert!(matches!(refused("text".into()), Error::NoEncoder { .. }));
    assert!(matches!(refused(Query::picture(pixel([1, 2, 3]))), Error::NoEncoder { .. }));
    let reader = super::seer::Seer::with("reader", |info| info.modalities = Modalities::TEXT);
    let reader = Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().encoder(reader)).unwrap();
    let blind = reader.search(Query::picture(pixel([1, 2, 3])), &SearchOptions::new()).unwrap_err();
    assert!(matches!(&blind, Error::Encode(EncodeError::Unsupported { modality: "pictures", .. })), "{blind}");
    let (wardrobe, _) = wardrobe();
    let broken = wardrobe.search(Query::picture(b"no picture".to_vec()).and("red"), &SearchOptions::new()).unwrap_err();
    assert!(matches!(&broken, Error::Query(QueryError::Picture(_))), "{broken}");
    let missing = wardrobe.search(Query::picture(Picture::path("/nowhere/x.png")), &SearchOptions::new()).unwrap_err();
    assert!(matches!(&missing, Error::Disk(_)), "{missing}");
}
