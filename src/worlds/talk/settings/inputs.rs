//! The runs that a stage needs, with the settings that make them.

use umwelt_language::{Marker, Places};

use super::{ActorChannel, Settings, StageName, TalkSettings, TaskName};
use crate::settings::with_sections;
use crate::training::{AUTO, InputSetting, RunKeys, Stage};
use crate::worlds::talk::evaluation::{EvaluateSettings, part_of};

/// The setting that names the model that writes plans.
pub const SENDER: &str = "talk.sender";
/// The setting that names the model that a receiver starts as.
pub const RECEIVER: &str = "talk.receiver";
/// The setting that names the model that a student starts as.
pub const STUDENT: &str = "talk.student";
/// The setting that names collected messages.
pub const COLLECTED: &str = "talk.collected";
/// The setting that names conversations to learn from.
pub const CONVERSATIONS: &str = "talk.conversations";
/// The setting that names a trained receiver.
pub const TRAINED: &str = "talk.trained";

/// The setting that names a trained fuser of keys and values.
pub const FUSED: &str = "talk.evaluate.fuser";

/// Results of the stages, in their run folders.
const MODEL: &[&str] = &[
    "model/model.safetensors",
    "model/model.safetensors.index.json",
    "model.safetensors",
    "model.safetensors.index.json",
];
const MESSAGES: &[&str] = &[
    "messages/manifest.json",
    "manifest.json",
    "data.parquet",
    "data_full.parquet",
    "hf_dataset/dataset_info.json",
];
const TEXTS: &[&str] = &["conversations.json"];
const ACTOR: &[&str] = &["receiver/model.safetensors", "receiver/model.safetensors.index.json"];
/// The numbers of channels, beside which the episodes lie.
const PARTS: &[&str] = &["channels.json"];
const FUSER: &[&str] = &["fuser/fuser.safetensors"];
const COMPRESSED: &[&str] = &["student/model.safetensors", "student/model.safetensors.index.json"];

/// The sections that all stages depend on.
const PRETRAINING: &[&str] = &[
    "stage",
    "task",
    "senders",
    "topology",
    "data",
    "chainmath",
    "minihouse",
    "lm",
    "text",
    "pretrain",
    "cache_mb",
    "dtype",
    "checkpointing",
    "accumulate",
];
/// Further sections of the stages from `collect` on.
const COLLECTING: &[&str] = &["sender", "collect", "train_tasks"];
/// Further sections of the stages from `convert` on.
const CONVERTING: &[&str] = &["collected", "convert"];
/// Further sections of the stages that train a receiver, or use one.
const READING: &[&str] = &["receiver", "conversations", "adapter", "actor"];

/// The key of sender `who` of several.
pub fn sender_of(who: usize) -> String {
    format!("talk.senders.{who}")
}

/// The key of sender `who` of a chain, which reads the one before it.
pub fn relay_of(who: usize) -> String {
    format!("talk.relays.{who}")
}

/// The key of the student with `k` latents.
pub fn student_of(k: usize) -> String {
    format!("talk.compress.k.{k}")
}

type Input = InputSetting<(Settings, RunKeys)>;

/// The inputs of a run.
pub fn of(settings: &Settings, run: &RunKeys) -> Vec<Input> {
    let maker = Maker { talk: &settings.talk, run };
    match settings.talk.stage {
        StageName::Pretrain => vec![],
        StageName::Collect => maker.collecting(),
        StageName::Convert => maker.collected(),
        StageName::Actor => {
            [maker.reader()].into_iter().chain(maker.collected()).chain(maker.conversations()).collect()
        }
        StageName::Compress => {
            let inputs = [maker.sender(STUDENT), maker.trained()];
            inputs.into_iter().chain(maker.collected()).chain(maker.conversations()).collect()
        }
        StageName::Fuse => {
            let inputs = [maker.sender(SENDER), maker.trained()];
            inputs.into_iter().chain(maker.collected()).chain(maker.conversations()).collect()
        }
        StageName::All | StageName::Evaluate | StageName::Part => {
            let mut inputs: Vec<Input> =
                (0..settings.talk.sender_count()).map(|who| maker.speaker(who)).collect();
            inputs.push(maker.trained());
            let (evaluated, counts) = (&settings.talk.evaluate, settings.talk.counts());
            if evaluated.has_students(counts) {
                inputs.extend(settings.talk.compress.k.iter().map(|k| maker.compressed(*k)));
            }
            inputs.extend(evaluated.has_fuser(counts).then(|| maker.fuser()));
            let trained = |(name, channel)| maker.baseline(name, channel);
            inputs.extend(evaluated.baselines(counts).into_iter().map(trained));
            inputs.extend(maker.parts());
            inputs
        }
        StageName::Analyse => {
            let students = settings.talk.compress.k.iter().map(|k| maker.compressed(*k));
            [maker.sender(SENDER), maker.trained()].into_iter().chain(students).collect()
        }
    }
}

struct Maker<'a> {
    talk: &'a TalkSettings,
    run: &'a RunKeys,
}

impl Maker<'_> {
    fn input(
        &self,
        key: impl Into<std::borrow::Cow<'static, str>>,
        path: Option<&String>,
        results: &'static [&'static str],
        name: &'static str,
        talk: TalkSettings,
    ) -> Input {
        let settings = (Settings { talk, ..Settings::default() }, self.run.of_stage());
        let value = path.map_or(AUTO.to_owned(), |path| self.found(path));
        InputSetting { key: key.into(), value, results, stage: Some(Stage { name, settings }) }
    }

    /// A path, or the place of a model of this name in a cache of Hugging Face.
    fn found(&self, path: &str) -> String {
        if std::path::Path::new(path).exists() {
            return path.to_owned();
        }
        Places::from_environment().find(path).map_or(path.to_owned(), |found| found.display().to_string())
    }

    fn sender(&self, key: &'static str) -> Input {
        let own = self.real_sender();
        let path = if key == SENDER { &self.talk.sender } else { &self.talk.student.clone().or(own) };
        self.input(key, path.as_ref(), MODEL, "pretrain", self.pretrained_sender())
    }

    /// Sender `who` as it writes plans.
    fn speaker(&self, who: usize) -> Input {
        if self.talk.senders.is_empty() {
            return self.sender(SENDER);
        }
        if !self.talk.reads_another(who) {
            return self.one_of_senders(who);
        }
        let mut stage = self.talk.of_stage(StageName::Actor);
        (stage.actor.reader, stage.actor.channel) = (Some(who), ActorChannel::Latent);
        // What the receiver and the other senders do is nothing to it.
        (stage.receiver, stage.collect.sender) = (None, 0);
        self.input(relay_of(who), None, ACTOR, "relay", stage)
    }

    fn one_of_senders(&self, who: usize) -> Input {
        let path = self.talk.senders.get(who).filter(|path| *path != AUTO);
        self.input(sender_of(who), path, MODEL, "pretrain", self.pretrained_sender())
    }

    /// The sender whose plans are collected, and the messages that it reads in a chain.
    fn collecting(&self) -> Vec<Input> {
        let who = self.talk.collect.sender;
        let read = self.talk.reads_another(who).then(|| self.collected_by(who - 1));
        [self.speaker(who)].into_iter().chain(read).collect()
    }

    /// The model that learns to read.
    fn reader(&self) -> Input {
        self.talk.actor.reader.map_or_else(|| self.receiver(), |who| self.one_of_senders(who))
    }

    fn pretrained_sender(&self) -> TalkSettings {
        let mut stage = self.talk.of_stage(StageName::Pretrain);
        stage.lm.size = self.talk.lm.sender_size.unwrap_or(self.talk.lm.size);
        stage
    }

    fn receiver(&self) -> Input {
        let stage = self.talk.of_stage(StageName::Pretrain);
        let path = self.talk.receiver.clone().or_else(|| self.real_sender());
        self.input(RECEIVER, path.as_ref(), MODEL, "pretrain", stage)
    }

    /// The first sender of a real task, which receiver and student start from, too.
    fn real_sender(&self) -> Option<String> {
        let first = self.talk.sender.as_ref().or(self.talk.senders.first());
        first.filter(|_| self.talk.task.is_real()).cloned()
    }

    /// The conversations of the setting, or those that the stage `convert` makes for MATH.
    fn conversations(&self) -> Option<Input> {
        let path = self.talk.conversations.as_ref();
        let stage = self.talk.of_stage(StageName::Convert);
        let is_needed = path.is_some() || self.talk.task == TaskName::Math;
        is_needed.then(|| self.input(CONVERSATIONS, path, TEXTS, "convert", stage))
    }

    /// The messages that are read.
    fn collected(&self) -> Vec<Input> {
        self.talk.read_by(self.talk.actor.reader).map(|who| self.collected_by(who)).collect()
    }

    /// The messages of sender `who`; only those of a single one can be named.
    fn collected_by(&self, who: usize) -> Input {
        let mut stage = TalkSettings { stage: StageName::Collect, ..self.talk.clone() };
        stage.collect.sender = who;
        let mut stage = stage.own();
        if self.talk.reads_another(who) {
            (stage.actor.reader, stage.actor.channel) = (None, ActorChannel::Latent);
        }
        let (key, path) = (self.talk.collected_key(who), self.talk.collected.as_ref());
        self.input(key, path, MESSAGES, "collect", stage)
    }

    fn trained(&self) -> Input {
        let stage = self.talk.of_stage(StageName::Actor);
        self.input(TRAINED, self.talk.trained.as_ref(), ACTOR, "actor", stage)
    }

    fn baseline(&self, key: &'static str, channel: ActorChannel) -> Input {
        let mut stage = self.talk.of_stage(StageName::Actor);
        stage.actor.channel = channel;
        self.input(key, None, ACTOR, key.rsplit('.').next().unwrap_or(key), stage)
    }

    fn fuser(&self) -> Input {
        self.input(FUSED, None, FUSER, "fuse", self.talk.of_stage(StageName::Fuse))
    }

    /// The parts of an evaluation, from the one that this process makes first.
    fn parts(&self) -> Vec<Input> {
        let EvaluateSettings { parts, part: first, .. } = self.talk.evaluate;
        if parts == 1 || self.talk.stage == StageName::Part {
            return vec![];
        }
        let of = |part: usize| {
            let mut stage = TalkSettings { stage: StageName::Part, ..self.talk.clone() };
            stage.evaluate.part = part;
            self.input(part_of(part), None, PARTS, "part", stage)
        };
        (0..parts).map(|at| of((first + at) % parts)).collect()
    }

    fn compressed(&self, k: usize) -> Input {
        let mut stage = self.talk.of_stage(StageName::Compress);
        if !stage.compress.nested {
            stage.compress.k = vec![k];
        }
        self.input(student_of(k), None, COMPRESSED, "compress", stage)
    }
}

impl TalkSettings {
    /// The settings of a stage of this run.
    fn of_stage(&self, stage: StageName) -> Self {
        Self { stage, ..self.clone() }.own()
    }

    /// The settings that the stage depends on; the others have their defaults.
    fn own(&self) -> Self {
        let Some(sections) = self.sections() else { return self.clone() };
        let mut own = with_sections(self, &sections);
        if !sections.contains(&"actor") {
            own.text.marker = Marker::Drop;
        }
        if self.stage == StageName::Pretrain {
            own.lm.sender_size = None;
            // Texts of pretraining depend on the number of senders alone.
            own.senders = vec![AUTO.to_owned(); self.senders.len()];
        }
        own
    }

    /// The sections that the stage depends on, or `None` if it may depend on all.
    pub fn sections(&self) -> Option<Vec<&'static str>> {
        use StageName::{Actor, Collect, Compress, Convert, Fuse, Pretrain};
        let mut sections = PRETRAINING.to_vec();
        match self.stage {
            Pretrain => {}
            Collect => sections.extend(COLLECTING),
            Convert => sections.extend([COLLECTING, CONVERTING].concat()),
            Actor | Fuse | Compress => sections.extend([COLLECTING, CONVERTING, READING].concat()),
            _ => return None,
        }
        match self.stage {
            // A sender that reads another one's messages learns it first.
            Collect if self.reads_another(self.collect.sender) => sections.extend(["adapter", "actor"]),
            Fuse => sections.extend(["trained", "fuser"]),
            Compress => sections.extend(["student", "trained", "compress"]),
            _ => {}
        }
        Some(sections)
    }
}
