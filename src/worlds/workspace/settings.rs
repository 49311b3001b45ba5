//! The settings of the global workspace.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use tch::Device;

use super::data::{OodSettings, ShapesSettings};
use super::domains::attributes::{AttrSettings, AttributeTask};
use super::domains::text::{NGRAMS, TextEncoder, TextSettings, TextTask};
use super::domains::vision::{VisionSettings, VisionTask};
use super::models::GwSettings;

use super::probes::{AttentionSettings, OddOneOutSettings};
use super::task::WorkspaceTask;
use crate::runs::Inputs;
use crate::settings::check::{InvalidSetting, refuse, within};
use crate::settings::with_sections;
use crate::training::{AUTO, InputSetting, Job, RunKeys, Stage, Work, World};

/// The setting that names the run of the vision domain.
pub const VISION: &str = "gw.vision";
/// The setting that names the run of the text domain.
pub const TEXT: &str = "gw.text";
/// The setting that names the run of the attribute domain, with `attr.vae`.
pub const ATTRIBUTES: &str = "gw.attributes";

/// The keys of the global workspace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The model to train.
    pub model_type: ModelType,
    /// The data set.
    pub shapes: ShapesSettings,
    /// The items that are out of distribution.
    pub ood: OodSettings,
    /// Settings of `model_type: ShapesVision`.
    pub vision: VisionSettings,
    /// Settings of `model_type: ShapesText`.
    pub text: TextSettings,
    /// Settings of the attributes as a domain.
    pub attr: AttrSettings,
    /// Settings of `model_type: GW`.
    pub gw: GwSettings,
    /// The probe that finds the odd one out.
    pub odd_one_out: OddOneOutSettings,
    /// The attention that is trained against corrupted latents.
    pub attention: AttentionSettings,
}

/// The models of this world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelType {
    /// The workspace that aligns and translates frozen domains.
    #[default]
    GW,
    /// The variational autoencoder of images.
    ShapesVision,
    /// The variational autoencoder of captions.
    ShapesText,
    /// The variational autoencoder of attributes.
    ShapesAttributes,
}

impl Settings {
    /// Refuses items out of distribution that the domains of the workspace have no data of.
    fn check_ood(&self) -> Result<(), InvalidSetting> {
        let gw = &self.gw;
        if let Some(domain) = self.ood.domain.as_ref().filter(|domain| !gw.domains.contains(domain)) {
            let reason = format!("`{domain}` is not among gw.domains ({})", gw.domains.join(", "));
            return refuse("domain", reason);
        }
        let key = match (&gw.latents, self.text.features.as_deref()) {
            (Some(latents), _) if !latents.is_empty() => "gw.latents",
            (_, Some(features)) if features != NGRAMS && gw.makes("t") => "text.features",
            _ => return Ok(()),
        };
        match self.ood.synthesises() {
            true => refuse("synthesise", format!("must be false: {key} has no data of items drawn here")),
            false => Ok(()),
        }
    }

    /// The sections that a run depends on, or `None` if it may depend on all.
    fn sections(&self) -> Option<[&'static str; 3]> {
        let own = match self.model_type {
            ModelType::GW => return None,
            ModelType::ShapesVision => "vision",
            ModelType::ShapesText => "text",
            ModelType::ShapesAttributes => "attr",
        };
        Some(["model_type", "shapes", own])
    }

    /// The run of `model_type` that this run builds on. All seeds of a study share one.
    fn stage(&self, name: &'static str, model_type: ModelType, run: &RunKeys) -> Stage<(Self, RunKeys)> {
        let all = Self { model_type, ..self.clone() };
        let settings = match all.sections() {
            Some(own) => with_sections(&all, &own),
            None => all,
        };
        Stage { name, settings: (settings, RunKeys { seed: RunKeys::default().seed, ..run.of_stage() }) }
    }
}

impl World for Settings {
    const NAME: &'static str = "the global workspace";
    const MODELS: &'static [&'static str] = &["GW", "ShapesVision", "ShapesText", "ShapesAttributes"];

    fn model(&self) -> &'static str {
        Self::MODELS[self.model_type as usize]
    }

    fn check(&self, _run: &RunKeys) -> Result<(), InvalidSetting> {
        within("shapes", self.shapes.check())?;
        within("ood", self.ood.check())?;
        within("ood", self.check_ood())?;
        within("vision", self.vision.check())?;
        within("text", self.text.check())?;
        within("attr", self.attr.check())?;
        within("gw", self.gw.check())?;
        within("odd_one_out", self.odd_one_out.check())?;
        within("attention", self.attention.check(&self.gw.domains))
    }

    fn affects_results(&self, key: &str) -> bool {
        let section = key.split('.').next().unwrap_or_default();
        self.sections().is_none_or(|own| own.contains(&section))
    }

    fn inputs(&self, run: &RunKeys) -> Vec<InputSetting<(Self, RunKeys)>> {
        if self.model_type != ModelType::GW {
            return vec![];
        }
        let domains = [
            ("v", VISION, "vision", ModelType::ShapesVision, &self.gw.vision),
            ("t", TEXT, "text", ModelType::ShapesText, &self.gw.text),
            ("attr", ATTRIBUTES, "attributes", ModelType::ShapesAttributes, &self.gw.attributes),
        ];
        let input = |(domain, key, name, model_type, path): (_, &'static str, _, _, &Option<String>)| {
            let is_trained = domain != "attr" || self.attr.vae;
            (is_trained && self.gw.makes(domain)).then(|| InputSetting {
                key: key.into(),
                results: &[],
                value: path.clone().unwrap_or_else(|| AUTO.into()),
                stage: Some(self.stage(name, model_type, run)),
            })
        };
        domains.into_iter().filter_map(input).collect()
    }

    fn job(&self, work: Work, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Box<dyn Job>> {
        match self.model_type {
            ModelType::GW => work.on(WorkspaceTask::new(self, run, device, inputs)?, inputs),
            ModelType::ShapesVision => {
                work.on(VisionTask::new(&self.shapes, &self.vision, run, device)?, inputs)
            }
            ModelType::ShapesText => work.on(TextTask::new(&self.shapes, &self.text, run, device)?, inputs),
            ModelType::ShapesAttributes => {
                work.on(AttributeTask::new(&self.shapes, &self.attr, run, device)?, inputs)
            }
        }
    }

    fn metric_names(&self) -> Vec<&'static str> {
        match self.model_type {
            ModelType::GW => {
                let optional = [
                    (self.gw.fusion, "fused"),
                    (self.odd_one_out.enabled, "odd_one_out_*.*"),
                    (self.attr.use_unpaired, "unpaired_*.*"),
                    (self.attention.enabled, "corrupted_*.*"),
                    (self.ood.rule.is_some(), "ood_*"),
                ];
                let known = optional.into_iter().filter(|(is_made, _)| *is_made).map(|(_, name)| name);
                WORKSPACE.iter().copied().chain(known).collect()
            }
            ModelType::ShapesVision => VISION_VAE.to_vec(),
            ModelType::ShapesText => {
                let decoded = match self.text.encoder {
                    TextEncoder::Conv => "phrases",
                    TextEncoder::Features => "reconstruction",
                };
                TEXT_VAE.iter().copied().chain([decoded]).collect()
            }
            ModelType::ShapesAttributes => ATTRIBUTE_VAE.to_vec(),
        }
    }
}

const WORKSPACE: &[&str] = &[
    "matched_loss",
    "translation",
    "contrastive",
    "demi_cycles",
    "cycles",
    "val_*",
    "*_to_*.*",
    "*_through_*.*",
    "*_finds_*.*",
    "class_probe_*.*",
];
const VISION_VAE: &[&str] =
    &["reconstruction", "kl", "pixel_error", "pixel_error_of_means", "kl_per_image", "dimensions_in_use"];
const TEXT_VAE: &[&str] =
    &["class", "attributes", "grammar", "kl", "vae_loss", "kl_per_sentence", "right.*", "read.*"];
const ATTRIBUTE_VAE: &[&str] =
    &["class", "attributes", "kl", "attribute_error", "class_nats", "kl_per_item", "right.class"];
