//! Dual encoders: vectors of texts and of pictures, alone, in a batch and together, and what is no picture of theirs.

use super::copy::Copy;
use super::{Fixture, assert_close, folder};
use crate::encode::checkpoint::Checkpoint;
use crate::encode::{EncodeError, Encoder, Fusion, Input, Modalities, Part, Role, encode_checked};
use crate::note::picture::decode;
use crate::note::{PictureLimits, Pixels};
use crate::vector::normalise;
use serde_json::json;

const FAMILIES: [&str; 7] = ["clip", "clip-gelu", "chinese-clip", "siglip", "siglip2", "open-clip", "mobileclip"];

/// The pictures of a fixture, decoded.
fn pictures(fixture: &Fixture) -> Vec<Pixels> {
    let read = |name: &String| decode(&std::fs::read(folder(name)).unwrap(), &PictureLimits::default()).unwrap();
    fixture.get::<Vec<String>>("/pictures").iter().map(read).collect()
}

/// The vectors of inputs of these parts.
fn encode(encoder: &Checkpoint, inputs: &[Vec<Part<'_>>]) -> Vec<Vec<f32>> {
    let inputs: Vec<Input<'_>> = inputs.iter().map(|parts| Input { parts }).collect();
    encode_checked(encoder, Role::Document, &inputs).unwrap().iter().map(<[f32]>::to_vec).collect()
}

/// Holds a dual encoder to its reference.
#[track_caller]
fn check(name: &str) {
    let fixture = Fixture::open(name);
    let info = fixture.encoder.info();
    assert_eq!(info.width, fixture.get::<usize>("/width"));
    assert_eq!(info.modalities, Modalities::TEXT_AND_PICTURE);
    assert_eq!(info.fusion, Fusion::Late { text: 1.0, picture: 1.0 });
    let texts = fixture.texts();
    for (text, expected) in texts.iter().zip(fixture.get::<Vec<Vec<u32>>>("/ids")) {
        let ids = fixture.encoder.model.ids(text).unwrap();
        // Padding that nothing looks at is not computed.
        let (own, rest) = expected.split_at(ids.len());
        assert_eq!(own, ids, "{name}: {text:?}");
        assert!(rest.iter().all(|id| *id == 0), "{name}: {text:?}");
    }
    let together = fixture.encode(Role::Query, &texts);
    let expected: Vec<Vec<f32>> = fixture.get("/text_vectors");
    assert_close(&format!("{name}, texts"), &together, &expected, fixture.get("/tolerance"));
    let alone: Vec<Vec<f32>> =
        texts.iter().flat_map(|text| fixture.encode(Role::Query, std::slice::from_ref(text))).collect();
    assert_close(&format!("{name}, texts alone and together"), &alone, &together, 1e-6);

    let pictures = pictures(&fixture);
    let inputs: Vec<Vec<Part<'_>>> = pictures.iter().map(|picture| vec![Part::Picture(picture)]).collect();
    let together = encode(&fixture.encoder, &inputs);
    let expected: Vec<Vec<f32>> = fixture.get("/picture_vectors");
    let (names, lossy): (Vec<String>, Vec<String>) = (fixture.get("/pictures"), fixture.get("/lossy_pictures"));
    for ((picture, found), expected) in names.iter().zip(&together).zip(&expected) {
        // Levels that another decoder of JPEG rounds otherwise show in models as small as these.
        let most = if lossy.contains(picture) { 3e-3 } else { 1e-4 };
        let what = format!("{name}, {picture}");
        assert_close(&what, std::slice::from_ref(found), std::slice::from_ref(expected), most);
    }
    let alone: Vec<Vec<f32>> =
        inputs.iter().flat_map(|input| encode(&fixture.encoder, std::slice::from_ref(input))).collect();
    assert_close(&format!("{name}, pictures alone and together"), &alone, &together, 1e-6);
}

#[test]
fn clip_with_the_end_found_by_the_highest_id() {
    check("clip");
}

#[test]
fn clip_with_exact_gelu() {
    check("clip-gelu");
}

#[test]
fn chinese_clip() {
    check("chinese-clip");
}

#[test]
fn siglip() {
    check("siglip");
}

#[test]
fn siglip_2_of_a_fixed_resolution() {
    check("siglip2");
}

#[test]
fn open_clip() {
    check("open-clip");
}

#[test]
fn mobileclip() {
    check("mobileclip");
}

/// The direction of the mean direction of some rows.
fn direction(rows: &[&[f32]]) -> Vec<f32> {
    let mut sum = vec![0.0; rows[0].len()];
    for row in rows {
        sum.iter_mut().zip(*row).for_each(|(sum, value)| *sum += value);
    }
    normalise(&mut sum).unwrap();
    sum
}

#[test]
fn parts_of_one_input_are_fused_late() {
    let fixture = Fixture::open("clip");
    let pictures = pictures(&fixture);
    let picture = |at: usize| Part::Picture(&pictures[at]);
    let inputs = [
        vec![Part::Text("moon")],
        vec![Part::Text("a soup")],
        vec![picture(0)],
        vec![picture(1)],
        vec![Part::Text("moon"), picture(0), picture(1), Part::Text("a soup")],
        vec![picture(1), picture(1)],
        vec![],
        vec![Part::Text("")],
    ];
    let rows = encode(&fixture.encoder, &inputs);
    let [moon, soup, first, second, all, twice, nothing, empty] = rows.as_slice() else { panic!("{}", rows.len()) };
    let expected = direction(&[&direction(&[moon, soup]), &direction(&[first, second])]);
    assert_close("fused", std::slice::from_ref(all), &[expected], 1e-6);
    assert_close("one picture twice", std::slice::from_ref(twice), std::slice::from_ref(second), 1e-6);
    assert_close("no parts", std::slice::from_ref(nothing), std::slice::from_ref(empty), 1e-6);
}

#[test]
fn pictures_of_any_shape_get_a_vector() {
    for name in FAMILIES {
        let encoder = Checkpoint::from_dir(folder(name)).unwrap();
        let picture = |width: u32, height: u32| Pixels {
            width,
            height,
            rgb: (0..width * height * 3).map(|at| (at % 251) as u8).collect(),
        };
        let pictures = [picture(1, 1), picture(30_000, 1), picture(1, 3_000), picture(2, 2)];
        let inputs: Vec<Vec<Part<'_>>> = pictures.iter().map(|picture| vec![Part::Picture(picture)]).collect();
        let rows = encode(&encoder, &inputs);
        // A row without a direction would have become the first axis.
        assert!(rows.iter().all(|row| row.iter().skip(1).any(|value| *value != 0.0)), "{name}");
    }
}

#[test]
fn an_infinite_weight_is_an_error_for_either_kind_of_part() {
    let copy = Copy::of("clip");
    copy.retensor(|tensors| {
        for name in ["text_projection.weight", "visual_projection.weight"] {
            tensors.get_mut(name).unwrap().2[..4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        }
    });
    let encoder = copy.open();
    let picture = Pixels { width: 2, height: 2, rgb: vec![9; 12] };
    for part in [Part::Text("a soup"), Part::Picture(&picture)] {
        for parts in [vec![part], vec![part, part], vec![Part::Text(""), part]] {
            let failed = encoder.encode(Role::Document, &[Input { parts: &parts }]);
            assert!(matches!(&failed, Err(EncodeError::Failed { why, .. }) if why.contains("finite")), "{failed:?}");
        }
    }
}

#[test]
fn a_picture_for_a_model_of_text_is_refused() {
    let encoder = Checkpoint::from_dir(folder("bert")).unwrap();
    let picture = Pixels { width: 1, height: 1, rgb: vec![0; 3] };
    let input = Input { parts: &[Part::Text("a"), Part::Picture(&picture)] };
    match encoder.encode(Role::Document, &[input]) {
        Err(EncodeError::Unsupported { modality: "pictures", .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_that_do_not_fit_are_told_apart() {
    const OPEN_CLIP: &str = "open_clip_config.json";
    const PREPROCESSOR: &str = "preprocessor_config.json";
    for (name, file, setting, value, what) in [
        ("clip", PREPROCESSOR, "/crop_size", json!(32), "size of pictures"),
        ("clip", "config.json", "/vision_config/num_attention_heads", json!(3), "heads"),
        ("clip", "config.json", "/vision_config/patch_size", json!(0), "patch_size"),
        ("clip", "config.json", "/vision_config/patch_size", json!(8), "patch_embedding"),
        ("siglip", "config.json", "/vision_config/model_type", json!("siglip2_vision_model"), "NaFlex"),
        ("open-clip", OPEN_CLIP, "/model_cfg/vision_cfg/layers", json!([1, 2, 3, 4]), "ResNets"),
        ("open-clip", OPEN_CLIP, "/model_cfg/vision_cfg/qk_norm", json!(true), "qk_norm"),
        ("open-clip", OPEN_CLIP, "/preprocess_cfg/resize_mode", json!("stretch"), "resize_mode"),
        ("mobileclip", OPEN_CLIP, "/model_cfg/vision_cfg/timm_model_name", json!("vit_base_mci_224"), "fastvit_mci2"),
        ("mobileclip", OPEN_CLIP, "/model_cfg/vision_cfg/timm_proj", json!("linear"), "timm_proj null"),
    ] {
        let copy = Copy::of(name);
        copy.edit(file, |config| {
            let (parent, last) = setting.rsplit_once('/').unwrap();
            config.pointer_mut(parent).unwrap()[last] = value;
        });
        let (_, message) = copy.refused();
        assert!(message.contains(what), "{what}: {message}");
    }
}

#[test]
fn a_model_without_settings_for_pictures_gets_those_of_its_kin() {
    let copy = Copy::of("clip");
    copy.remove("preprocessor_config.json");
    let without = copy.open();
    let fixture = Fixture::open("clip");
    let pictures = pictures(&fixture);
    let inputs: Vec<Vec<Part<'_>>> = pictures.iter().map(|picture| vec![Part::Picture(picture)]).collect();
    assert_close("defaults", &encode(&without, &inputs), &encode(&fixture.encoder, &inputs), 1e-6);
    assert_ne!(without.info().fingerprint, fixture.encoder.info().fingerprint);
}
