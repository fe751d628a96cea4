//! Rotary positions as configurations state them, in the older form (`rope_theta`, `rope_scaling`) and the newer one
//! (`rope_parameters`, also by kind of layer).

use super::super::layers::Rope;
use super::super::problem::ModelProblem;
use super::numbers;
use serde::Deserialize;

/// The settings, to be flattened into a configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rotary {
    rope_theta: Option<f64>,
    rope_scaling: Option<Parameters>,
    rope_parameters: Option<Parameters>,
    rope_local_base_freq: Option<f64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Parameters {
    rope_theta: Option<f64>,
    rope_type: Option<String>,
    /// The older name of `rope_type`; some files have both.
    #[serde(rename = "type")]
    kind: Option<String>,
    factor: Option<f32>,
    mrope_section: Option<Vec<usize>>,
    full_attention: Option<Box<Parameters>>,
    sliding_attention: Option<Box<Parameters>>,
}

impl Rotary {
    /// The frequencies of layers that look at everything, or of all layers.
    pub(super) fn full(&self, theta: f64, width: usize) -> Result<Rope, ModelProblem> {
        let newer = self.rope_parameters.as_ref().map(|newer| newer.full_attention.as_deref().unwrap_or(newer));
        let found = [newer, self.rope_scaling.as_ref()];
        let base = newer.and_then(|newer| newer.rope_theta).or(self.rope_theta).unwrap_or(theta);
        rope(base, &found, width)
    }

    /// The frequencies of layers that look through a window, where they have their own.
    pub(super) fn local(&self, theta: f64, width: usize) -> Result<Rope, ModelProblem> {
        let newer = self.rope_parameters.as_ref().and_then(|newer| newer.sliding_attention.as_deref());
        let base = newer.and_then(|newer| newer.rope_theta).or(self.rope_local_base_freq).unwrap_or(theta);
        rope(base, &[newer], width)
    }

    /// How many pairs are turned by time, height and width, for models that place tokens in all three.
    pub(super) fn sections(&self) -> Option<&[usize]> {
        let found = [self.rope_parameters.as_ref(), self.rope_scaling.as_ref()];
        found.into_iter().flatten().find_map(|parameters| parameters.mrope_section.as_deref())
    }
}

/// The frequencies of a base, slowed where one of the settings says so.
fn rope(base: f64, found: &[Option<&Parameters>], width: usize) -> Result<Rope, ModelProblem> {
    numbers::check(&[("head_dim", width)])?;
    if !base.is_finite() || base <= 0.0 {
        return Err(numbers::refused("rope_theta", base, "expected a positive number"));
    }
    let rope = Rope::new(base, width);
    for parameters in found.iter().copied().flatten() {
        match parameters.rope_type.as_ref().or(parameters.kind.as_ref()).map(String::as_str) {
            None | Some("default" | "mrope") => {}
            Some("linear") => return Ok(rope.slowed(parameters.factor.unwrap_or(1.0))),
            Some(other) => {
                return Err(ModelProblem::Unsupported {
                    what: "rope type",
                    found: other.to_owned(),
                    supported: "default, linear; leave rope_scaling out where the model works without".to_owned(),
                });
            }
        }
    }
    Ok(rope)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::Rotary;

    /// The angle of the second pair of heads of four at place 1.
    fn angle(json: &str, local: bool) -> f32 {
        let rotary: Rotary = serde_json::from_str(json).unwrap();
        let rope = if local { rotary.local(100.0, 4) } else { rotary.full(100.0, 4) };
        rope.unwrap().frequencies()[1]
    }

    #[test]
    fn both_forms_say_the_same() {
        assert_eq!(angle("{}", false), 0.1);
        assert_eq!(angle(r#"{"rope_theta": 16, "rope_scaling": null}"#, false), 0.25);
        assert_eq!(angle(r#"{"rope_parameters": {"rope_theta": 16, "rope_type": "default"}}"#, false), 0.25);
        let by_layer =
            r#"{"rope_parameters": {"full_attention": {"rope_theta": 16}, "sliding_attention": {"rope_theta": 64}}}"#;
        assert_eq!([angle(by_layer, false), angle(by_layer, true)], [0.25, 0.125]);
        assert_eq!(angle(r#"{"rope_local_base_freq": 64, "rope_theta": 16}"#, true), 0.125);
    }

    #[test]
    fn places_are_slowed_where_the_settings_say_so_and_unknown_kinds_are_refused() {
        let linear = r#"{"rope_theta": 16, "rope_scaling": {"rope_type": "linear", "factor": 2.0}}"#;
        assert_eq!(angle(linear, false), 0.125);
        let rotary: Rotary = serde_json::from_str(r#"{"rope_scaling": {"type": "yarn", "factor": 4.0}}"#).unwrap();
        assert!(rotary.full(100.0, 4).unwrap_err().to_string().contains("yarn"));
        let rotary: Rotary = serde_json::from_str(r#"{"rope_theta": 0.0}"#).unwrap();
        assert!(rotary.full(100.0, 4).unwrap_err().to_string().contains("rope_theta"));
    }
}
