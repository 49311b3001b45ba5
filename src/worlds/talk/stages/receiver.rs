//! A trained receiver, for the stages behind it.

use anyhow::{Context, Result};
use tch::Device;
use umwelt_language::{Inserted, LanguageModel, Segment};

use super::messages::{Pass, Sample, conversations};
use crate::nn::Parameters;
use crate::runs::Inputs;
use crate::worlds::talk::models::{SendersAdapter, adapter, file, folder, load, restore, trained_in};
use crate::worlds::talk::settings::TalkSettings;
use crate::worlds::talk::tasks;
use crate::worlds::talk::text::Renderer;

/// The adapter's file in the receiver's folder.
pub const ADAPTER: &str = "adapter.safetensors";

/// A trained receiver with its adapter, both frozen.
pub struct TrainedReceiver {
    pub model: LanguageModel,
    pub renderer: Renderer,
    pub adapter: SendersAdapter,
    /// The adapter's parameters.
    pub own: Parameters,
}

impl TrainedReceiver {
    /// The receiver of the input `key`, for hidden states of these numbers of features.
    ///
    /// # Errors
    /// When it cannot be read; the error names the file.
    pub fn load(
        talk: &TalkSettings,
        task: &tasks::Task,
        seed: u64,
        (inputs, key): (&Inputs, &str),
        widths: &[i64],
        device: Device,
    ) -> Result<Self> {
        let model = trained_in(load(inputs, key, seed, device, talk.dtype)?, talk);
        let (parameters, adapter) = adapter(&talk.adapter, widths, &model.decoder, seed)?;
        let place = folder(file(inputs, key)?).join(ADAPTER);
        restore(&parameters, &place).with_context(|| key.to_owned())?;
        let renderer = Renderer::new(&model, &talk.text, task.texts()).with_context(|| key.to_owned())?;
        parameters.freeze("");
        model.decoder.parameters().freeze("");
        Ok(Self { model, renderer, adapter, own: parameters })
    }

    /// The receiver's pass over samples with these messages.
    ///
    /// # Errors
    /// When a text does not fit the model.
    pub fn pass<'a>(
        &self,
        samples: impl Iterator<Item = &'a Sample>,
        messages: impl Iterator<Item = Option<Vec<Segment>>>,
    ) -> Result<Pass> {
        let texts: Vec<Inserted> = conversations(&self.renderer, samples, messages)?;
        Pass::of(&self.model.decoder, &texts)
    }
}
