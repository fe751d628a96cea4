//! What a model's files say about its pictures: `preprocessor_config.json`, as transformers writes it, and the
//! `preprocess_cfg` of `open_clip_config.json`.

use super::super::directory::Directory;
use super::super::problem::ModelProblem;
use super::{CHANNELS, Crop, Filter, Middle, Preprocess, Resize};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

const FILE: &str = "preprocessor_config.json";
/// The same within another file, as transformers writes it from version 5 on.
const PROCESSOR: &str = "processor_config.json";
/// Mean and deviation of the pictures CLIP was trained on (Radford et al. 2021).
const CLIP: [[f64; CHANNELS]; 2] = [[0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]];
/// One over the highest level.
const RESCALE: f64 = 1.0 / 255.0;

/// A line of models: what holds where no file says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Kind {
    /// CLIP and its kin: the shorter side to the model's input, the middle cut out, CLIP's own mean and deviation.
    Clip,
    /// SigLIP: squashed to the model's input, levels to -1..1.
    Siglip,
    /// Models that choose a size by picture, from what the file says of it: here it is passed over.
    Dynamic,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    do_resize: Option<bool>,
    size: Option<Value>,
    resample: Option<u64>,
    do_center_crop: Option<bool>,
    crop_size: Option<Value>,
    do_rescale: Option<bool>,
    rescale_factor: Option<f64>,
    do_normalize: Option<bool>,
    image_mean: Option<Channels>,
    image_std: Option<Channels>,
}

#[derive(Deserialize)]
struct Processor<T> {
    image_processor: Option<T>,
}

/// What the files of a directory in the layout of transformers say of pictures; the default where there are none.
pub(in super::super) fn settings_of_pictures<T: DeserializeOwned + Default>(
    directory: &Directory,
) -> Result<T, ModelProblem> {
    if let Some(settings) = directory.json(FILE)? {
        return Ok(settings);
    }
    let processor: Option<Processor<T>> = directory.json(PROCESSOR)?;
    Ok(processor.and_then(|processor| processor.image_processor).unwrap_or_default())
}

/// A number a channel, or one for all.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Channels {
    Each([f64; CHANNELS]),
    All(f64),
}

impl Channels {
    const fn each(self) -> [f64; CHANNELS] {
        match self {
            Self::Each(values) => values,
            Self::All(value) => [value; CHANNELS],
        }
    }
}

/// The `preprocess_cfg` of open_clip.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct OpenClip {
    size: Option<Value>,
    mean: Option<Channels>,
    std: Option<Channels>,
    interpolation: Option<String>,
    resize_mode: Option<String>,
    fill_color: u8,
}

fn setting(file: &str, setting: &'static str, found: impl ToString, expected: &'static str) -> ModelProblem {
    ModelProblem::Setting { file: file.to_owned(), setting, found: found.to_string(), expected }
}

impl Preprocess {
    /// Reads the steps of a directory in the layout of transformers; `side` is the width and height of the model's input. Where
    /// there is no file, those of the line of models hold.
    pub(in super::super) fn read(directory: &Directory, kind: Kind, side: usize) -> Result<Self, ModelProblem> {
        let config: Config = settings_of_pictures(directory)?;
        let crops = config.do_center_crop.unwrap_or(kind == Kind::Clip);
        let resize = match (config.do_resize, &config.size) {
            (Some(false), _) => Resize::Keep,
            (_, Some(size)) if kind != Kind::Dynamic => resize(size)?,
            (_, None) if kind == Kind::Clip => Resize::Shortest(side),
            _ => Resize::Exact(side, side),
        };
        let (width, height) = match &config.crop_size {
            Some(size) => rectangle(size).ok_or_else(|| setting(FILE, "crop_size", size, SIZES))?,
            None => (side, side),
        };
        let crop = crops.then_some(Crop { width, height, fill: 0, middle: Middle::Transformers });
        let number = config.resample.unwrap_or(3);
        let filter = Filter::numbered(number);
        let filter = filter.ok_or_else(|| setting(FILE, "resample", number, "expected a number from 0 to 5"))?;
        let scale = if config.do_rescale == Some(false) { 1.0 } else { config.rescale_factor.unwrap_or(RESCALE) };
        let [mean, std] = if kind == Kind::Clip { CLIP } else { [[0.5; CHANNELS]; 2] };
        let given = |given: Option<Channels>, else_: [f64; CHANNELS]| given.map_or(else_, Channels::each);
        let (mean, std) = if config.do_normalize == Some(false) {
            ([0.0; CHANNELS], [1.0; CHANNELS])
        } else {
            (given(config.image_mean, mean), given(config.image_std, std))
        };
        Ok(Self { resize, filter, crop, levels: levels(FILE, scale, mean, std)? })
    }

    /// The steps of open_clip; `side` is the width and height of the model's input.
    pub(in super::super) fn open_clip(config: &OpenClip, side: (usize, usize)) -> Result<Self, ModelProblem> {
        const FILE: &str = "open_clip_config.json";
        let (width, height) = match &config.size {
            Some(size) => rectangle(size).ok_or_else(|| setting(FILE, "size", size, SIZES))?,
            None => side,
        };
        let crop = Some(Crop { width, height, fill: config.fill_color, middle: Middle::Torchvision });
        let (resize, crop) = match config.resize_mode.as_deref().unwrap_or("shortest") {
            "shortest" if width == height => (Resize::Shortest(width), crop),
            "shortest" => (Resize::Cover(width, height), crop),
            "longest" => (Resize::Within(width, height), crop),
            "squash" => (Resize::Exact(width, height), None),
            other => return Err(setting(FILE, "resize_mode", other, "expected shortest, longest or squash")),
        };
        let filter = match config.interpolation.as_deref().unwrap_or("bicubic") {
            "bilinear" => Filter::Bilinear,
            "bicubic" | "random" => Filter::Bicubic,
            other => return Err(setting(FILE, "interpolation", other, "expected bicubic or bilinear")),
        };
        let [mean, std] = CLIP;
        let (mean, std) = (config.mean.map_or(mean, Channels::each), config.std.map_or(std, Channels::each));
        Ok(Self { resize, filter, crop, levels: levels(FILE, RESCALE, mean, std)? })
    }
}

/// What each level of each channel becomes.
fn levels(
    file: &str,
    scale: f64,
    mean: [f64; CHANNELS],
    std: [f64; CHANNELS],
) -> Result<[Vec<f32>; CHANNELS], ModelProblem> {
    let usable = |value: &f64| value.is_finite() && *value != 0.0;
    if !std.iter().all(usable) || !mean.iter().all(|mean| mean.is_finite()) || !usable(&scale) {
        let found = format!("{mean:?}, {std:?}, scale {scale}");
        return Err(setting(file, "mean and std", found, "expected numbers, the deviations and the scale not zero"));
    }
    let mut tables = [(); CHANNELS].map(|()| Vec::new());
    for ((table, mean), std) in tables.iter_mut().zip(mean).zip(std) {
        let value = |level: u8| ((f64::from(level) * scale) as f32 - mean as f32) / std as f32;
        table.extend((0..=u8::MAX).map(value));
    }
    Ok(tables)
}

/// What a side may be given as, for messages.
const SIZES: &str = "expected sides of 1 to 8192 pixels: a number, {height, width} or, for size, {shortest_edge}";

/// `size`: a number or `shortest_edge` for the shorter side, or both sides.
fn resize(size: &Value) -> Result<Resize, ModelProblem> {
    let shortest = match size {
        Value::Object(sides) if !sides.contains_key("longest_edge") => sides.get("shortest_edge").and_then(side),
        number => side(number),
    };
    let both = || rectangle(size).map(|(width, height)| Resize::Exact(width, height));
    shortest.map(Resize::Shortest).or_else(both).ok_or_else(|| setting(FILE, "size", size, SIZES))
}

/// Width and height from a number, from `[height, width]` or from an object with both.
fn rectangle(size: &Value) -> Option<(usize, usize)> {
    match size {
        Value::Object(sides) => Some((sides.get("width").and_then(side)?, sides.get("height").and_then(side)?)),
        Value::Array(sides) => match sides.as_slice() {
            [height, width] => Some((side(width)?, side(height)?)),
            _ => None,
        },
        number => side(number).map(|side| (side, side)),
    }
}

fn side(value: &Value) -> Option<usize> {
    value.as_u64().filter(|side| (1..=8192).contains(side)).and_then(|side| usize::try_from(side).ok())
}
