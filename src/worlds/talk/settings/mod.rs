//! The settings of language models that talk.

mod convert;
mod inputs;
mod real;
mod sections;
mod senders;
#[cfg(test)]
mod tests;
mod text;

use std::ops::Range;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tch::Device;

use super::analysis::{AnalyseSettings, Analysis};
use super::evaluation::{Counts, EvaluateSettings, Evaluation};
use super::stages::{Actor, Collecting, Compressing, Converting, Fusing, Pretraining};
use super::tasks::alfworld::AlfWorldSettings;
use super::tasks::chainmath::{ChainMathSettings, PlanForm};
use super::tasks::minihouse::MiniHouseSettings;
use crate::runs::Inputs;
use crate::settings::check::{InvalidSetting, MOST, at_least, at_most, refuse, within};
use crate::training::{InputSetting, Job, RunKeys, Work, World};

pub use self::convert::ConvertSettings;
pub use self::inputs::{
    COLLECTED, CONVERSATIONS, FUSED, RECEIVER, SENDER, STUDENT, TRAINED, relay_of, sender_of, student_of,
};
pub use self::sections::{
    ActorChannel, ActorSettings, AdapterSettings, CollectSettings, CompressSettings, Filter, FuserSettings,
    LmSettings, Missing, MixtureMode, NumberFormat, PretrainSettings, Size, StageName, Switch, TaskName,
    TeacherMessage, Topology, Trained,
};
pub use self::text::{Labels, Template, TextSettings};

/// The keys of language models that talk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The model to train.
    pub model_type: ModelType,
    /// Settings of the models, their task and their stages.
    pub talk: TalkSettings,
}

/// The models of this world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelType {
    /// A sender whose hidden states a receiver reads.
    #[default]
    LatentTalk,
}

/// Settings under `talk`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TalkSettings {
    /// The stage to run; `all` makes every stage that is missing, and evaluates.
    pub stage: StageName,
    /// The problems that are talked about.
    pub task: TaskName,
    /// The file or folder of a real task: MATH's problems, or recorded conversations of ALFWorld.
    pub data: Option<String>,
    /// The model that writes plans: a folder, a GGUF file, or the run that pretrained it; null
    /// pretrains one.
    pub sender: Option<String>,
    /// Several models that write a plan each, named as `sender` is, or `auto` for one that is
    /// pretrained; none takes `sender` alone.
    pub senders: Vec<String>,
    /// The readers of several senders: the receiver reads all (`tree`), or each sender the one before
    /// it and the receiver the last (`chain`).
    pub topology: Topology,
    /// The model that reads messages, before it is trained to.
    pub receiver: Option<String>,
    /// The model that learns to compress messages, before it does.
    pub student: Option<String>,
    /// The run or folder of collected messages; null collects them.
    pub collected: Option<String>,
    /// The file, or the run, of conversations that a receiver learns from; null makes them of
    /// collected messages for MATH, and takes `data` for ALFWorld.
    pub conversations: Option<String>,
    /// The run of a trained receiver; null trains one.
    pub trained: Option<String>,
    /// The number format of language models.
    pub dtype: NumberFormat,
    /// Computes blocks again in the backward pass instead of keeping what is in them.
    pub checkpointing: bool,
    /// Parts of a batch whose gradients are added up.
    pub accumulate: usize,
    /// Problems of which messages are collected.
    pub train_tasks: usize,
    /// Problems of each split that are evaluated.
    pub eval_tasks: usize,
    /// Megabytes of collected messages in memory.
    pub cache_mb: usize,
    /// Settings of `task: chainmath`.
    pub chainmath: ChainMathSettings,
    /// Settings of `task: minihouse`.
    pub minihouse: MiniHouseSettings,
    /// Settings of `task: alfworld`.
    pub alfworld: AlfWorldSettings,
    /// The models that are made here.
    pub lm: LmSettings,
    /// The texts around tasks.
    pub text: TextSettings,
    /// Settings of the stage `pretrain`.
    pub pretrain: PretrainSettings,
    /// Settings of the stage `collect`.
    pub collect: CollectSettings,
    /// Settings of the stage `convert`.
    pub convert: ConvertSettings,
    /// The adapter between hidden states and the receiver's embeddings.
    pub adapter: AdapterSettings,
    /// Settings of the stage `actor`.
    pub actor: ActorSettings,
    /// Settings of the stage `compress`.
    pub compress: CompressSettings,
    /// Settings of the stage `fuse`.
    pub fuser: FuserSettings,
    /// Settings of the stage `evaluate`.
    pub evaluate: EvaluateSettings,
    /// Settings of the stage `analyse`.
    pub analyse: AnalyseSettings,
}

impl Default for TalkSettings {
    fn default() -> Self {
        Self {
            stage: StageName::default(),
            task: TaskName::default(),
            data: None,
            sender: None,
            senders: vec![],
            topology: Topology::Tree,
            receiver: None,
            student: None,
            collected: None,
            conversations: None,
            trained: None,
            dtype: NumberFormat::F32,
            checkpointing: false,
            accumulate: 1,
            train_tasks: 2000,
            eval_tasks: 500,
            cache_mb: 1024,
            chainmath: ChainMathSettings::default(),
            minihouse: MiniHouseSettings::default(),
            alfworld: AlfWorldSettings::default(),
            lm: LmSettings::default(),
            text: TextSettings::default(),
            pretrain: PretrainSettings::default(),
            collect: CollectSettings::default(),
            convert: ConvertSettings::default(),
            adapter: AdapterSettings::default(),
            actor: ActorSettings::default(),
            compress: CompressSettings::default(),
            fuser: FuserSettings::default(),
            evaluate: EvaluateSettings::default(),
            analyse: AnalyseSettings::default(),
        }
    }
}

impl TalkSettings {
    /// True if plans leave out what the receiver needs.
    pub fn has_lossy_plans(&self) -> bool {
        match self.task {
            TaskName::ChainMath => self.chainmath.plan == PlanForm::Lossy,
            TaskName::MiniHouse => self.minihouse.lossy,
            TaskName::Math | TaskName::AlfWorld => false,
        }
    }

    /// The number of models that write plans.
    pub fn sender_count(&self) -> usize {
        self.senders.len().max(1)
    }

    /// True for a sender that reads the message of the one before it.
    pub fn reads_another(&self, who: usize) -> bool {
        self.topology == Topology::Chain && who > 0
    }

    /// The senders whose messages `reader` reads, a sender of a chain or, if there is none, the
    /// receiver.
    pub fn read_by(&self, reader: Option<usize>) -> Range<usize> {
        let end = reader.unwrap_or(self.sender_count());
        match self.topology {
            Topology::Tree => 0..end,
            Topology::Chain => end.saturating_sub(1)..end,
        }
    }

    /// The keys of the messages that the reader of the stage `actor` reads.
    pub fn collected_keys(&self) -> Vec<String> {
        self.read_by(self.actor.reader).map(|who| self.collected_key(who)).collect()
    }

    /// The key of the messages of sender `who`.
    pub fn collected_key(&self, who: usize) -> String {
        if self.senders.is_empty() { COLLECTED.to_owned() } else { format!("{COLLECTED}.{who}") }
    }

    /// What channels are named by.
    pub fn counts(&self) -> Counts<'_> {
        let is_chain = self.topology == Topology::Chain;
        Counts { latents: &self.compress.k, senders: self.sender_count(), is_chain }
    }

    fn check(&self) -> Result<(), InvalidSetting> {
        let counts = [
            ("train_tasks", self.train_tasks),
            ("eval_tasks", self.eval_tasks),
            ("cache_mb", self.cache_mb),
            ("accumulate", self.accumulate),
        ];
        at_least(1, &counts)?;
        at_most(MOST, &counts)?;
        if !(10..=20).contains(&self.chainmath.modulus) {
            return refuse(
                "chainmath.modulus",
                format!("must be from 10 to 20, but is {}", self.chainmath.modulus),
            );
        }
        if self.minihouse.families.is_empty() {
            return refuse("minihouse.families", "must name a family");
        }
        within("lm", self.lm.check())?;
        real::check(self)?;
        senders::check(self)?;
        within("alfworld", self.alfworld.check())?;
        within("text", self.text.check())?;
        within("pretrain", self.pretrain.check())?;
        within("collect", self.collect.check())?;
        within("convert", self.convert.check())?;
        within("adapter", self.adapter.check())?;
        within("actor", self.actor.check())?;
        within("compress", self.compress.check())?;
        within("fuser", self.fuser.check())?;
        within("evaluate", self.evaluate.check(self.counts()))?;
        within("analyse", self.analyse.check())
    }
}

impl World for Settings {
    const NAME: &'static str = "the language models that talk";
    const MODELS: &'static [&'static str] = &["LatentTalk"];

    fn model(&self) -> &'static str {
        Self::MODELS[0]
    }

    fn check(&self, run: &RunKeys) -> Result<(), InvalidSetting> {
        if run.load_checkpoint_path.is_some() {
            let keys = "talk.sender, talk.receiver, talk.student, talk.collected or talk.trained";
            return refuse("load_checkpoint_path", format!("names no model here; use {keys}"));
        }
        within("talk", self.talk.check())
    }

    fn affects_results(&self, key: &str) -> bool {
        let section = key.strip_prefix("talk.").and_then(|key| key.split('.').next());
        if let (Some(section), Some(own)) = (section, self.talk.sections())
            && !own.contains(&section)
        {
            return false;
        }
        let parts = ["talk.evaluate.parts", "talk.evaluate.part"];
        let joins = self.talk.stage != StageName::Part && parts.contains(&key);
        !joins && !["talk.cache_mb", "talk.checkpointing"].contains(&key)
    }

    fn inputs(&self, run: &RunKeys) -> Vec<InputSetting<(Self, RunKeys)>> {
        inputs::of(self, run)
    }

    fn job(&self, work: Work, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Box<dyn Job>> {
        (work == Work::Train)
            .then_some(())
            .context("runs of this world are evaluated by talk.stage=evaluate")?;
        let talk = &self.talk;
        Ok(match talk.stage {
            StageName::Pretrain => Box::new(Pretraining::new(talk, run, device)?),
            StageName::Collect => Box::new(Collecting::new(talk, run, device, inputs)?),
            StageName::Convert => Box::new(Converting::new(talk, run, inputs)?),
            StageName::Actor => Box::new(Actor::new(talk, run, device, inputs)?),
            StageName::Compress => Box::new(Compressing::new(talk, run, device, inputs)?),
            StageName::Fuse => Box::new(Fusing::new(talk, run, device, inputs)?),
            StageName::Analyse => Box::new(Analysis::new(talk, run, device, inputs)?),
            StageName::All | StageName::Evaluate | StageName::Part => {
                Box::new(Evaluation::new(talk, run, device, inputs)?)
            }
        })
    }

    fn descends(&self) -> bool {
        use StageName::{Actor, Compress, Fuse, Pretrain};
        matches!(self.talk.stage, Pretrain | Actor | Compress | Fuse)
    }

    fn metric_names(&self) -> Vec<&'static str> {
        match self.talk.stage {
            StageName::Pretrain => vec!["cross_entropy", "text.*", "plan.*"],
            StageName::Collect if self.talk.task.is_real() => vec!["plans", "rows.*"],
            StageName::Collect => vec!["plans", "rows.*", "plan.*"],
            StageName::Convert => vec!["kept", "dropped.*"],
            StageName::Actor => vec![
                "cross_entropy",
                "plan",
                "contrast",
                "js_bits",
                "weight.*",
                "held_out.*",
                "scale.*",
                "rms.*",
            ],
            StageName::Compress => vec!["cross_entropy", "agreement", "direction", "held_out.*"],
            StageName::Fuse => vec!["cross_entropy", "gates.open", "held_out.*"],
            StageName::All | StageName::Evaluate | StageName::Part => vec!["seen.*", "unseen.*"],
            StageName::Analyse => vec!["whole.*", "probe.*"],
        }
    }
}
