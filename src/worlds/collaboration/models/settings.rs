//! The settings of the collaborative autoencoder.

use serde::{Deserialize, Serialize};

use crate::datasets::{IMAGE_SIZE, mnist};
use crate::optim::{LrSchedule, OptimizerKind, Recipe};
use crate::settings::check::{DEEPEST, InvalidSetting, MOST, WIDEST, at_least, at_most, positive, refuse};
use crate::training::AUTO;

/// Attention heads of the blocks in an agent's stacks.
pub const STACK_HEADS: i64 = 4;
/// Adam's epsilon.
const EPSILON: f64 = 1e-8;
/// The bits in the fraction of a float32 number: more would not quantise it.
const MOST_BITS: u32 = 23;

/// Settings under `como`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComoSettings {
    /// Folder of the MNIST files, which `umwelt data mnist` fetches.
    pub data_path: String,
    /// Training digits to learn from, the first of the file; null for all.
    pub num_samples: Option<usize>,
    /// Passes over the training digits.
    pub epochs: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// Features of a token.
    pub encoding_dim: usize,
    /// Tokens of an agent's state.
    pub state_size: usize,
    /// Blocks in each of an agent's two stacks, and attention heads in each block of a messenger.
    /// The name is the published code's.
    pub num_heads: usize,
    /// The number of agents: 1, which sends no messages, or one for each of 2, 4, 7 or 14 strips.
    pub collab_n_agents: usize,
    /// The network that writes and reads messages.
    pub collab_messenger: MessengerKind,
    /// Numbers in a message.
    pub collab_message_size: usize,
    /// Blocks of the writer, and of the reader, of an `attention` messenger.
    pub collab_dec_depth: usize,
    /// Readers of an `attention` messenger attend to the messages of the whole batch, as in the
    /// published code, and so cannot know which message is about their own image.
    pub read_whole_batch: bool,
    /// The probability that a whole message is dropped in training, from 0 to 1.
    pub drop_message: f64,
    /// The number of bits that each number of a message is rounded to; null sends float32.
    pub message_bits: Option<u32>,
    /// The probability that the strips are shown in reverse order in training, from 0 to 1; the
    /// targets stay in place.
    pub swap_probability: f64,
    /// Flips training digits left to right with probability 1/2; the published code does not flip.
    pub flip: bool,
    /// A run folder or checkpoint, whose first agent all agents start from; `auto` trains one
    /// first.
    pub single_agent_path: Option<String>,
    /// Trains two baselines in the same run: agents without messages, and an autoencoder of whole
    /// images.
    #[serde(alias = "floors")]
    pub baselines: bool,
}

/// The network that writes and reads messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessengerKind {
    /// Writer: a learned query attends to the state. Reader: state tokens attend to the messages.
    #[default]
    #[serde(rename = "attention", alias = "CollaborativeMessage")]
    Attention,
    /// Writer: a linear layer of the mean state token. Reader: a linear layer of the mean message,
    /// added to every state token.
    #[serde(rename = "linear", alias = "SimpleCollaborativeMessage")]
    Linear,
    /// No messages.
    #[serde(rename = "none")]
    None,
}

impl Default for ComoSettings {
    fn default() -> Self {
        Self {
            data_path: mnist::FOLDER.into(),
            num_samples: None,
            epochs: 4,
            learning_rate: 1e-3,
            encoding_dim: 128,
            state_size: 16,
            num_heads: 4,
            collab_n_agents: 2,
            collab_messenger: MessengerKind::Attention,
            collab_message_size: 128,
            collab_dec_depth: 4,
            read_whole_batch: false,
            drop_message: 0.0,
            message_bits: None,
            swap_probability: 0.5,
            flip: true,
            single_agent_path: None,
            baselines: true,
        }
    }
}

impl ComoSettings {
    /// Refuses values that no model can be built or trained with.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        at_least(
            1,
            &[
                ("epochs", self.epochs),
                ("encoding_dim", self.encoding_dim),
                ("state_size", self.state_size),
                ("num_heads", self.num_heads),
                ("collab_message_size", self.collab_message_size),
                ("collab_dec_depth", self.collab_dec_depth),
            ],
        )?;
        at_most(MOST, &[("epochs", self.epochs)])?;
        at_most(
            WIDEST,
            &[
                ("encoding_dim", self.encoding_dim),
                ("state_size", self.state_size),
                ("collab_message_size", self.collab_message_size),
            ],
        )?;
        at_most(DEEPEST, &[("num_heads", self.num_heads), ("collab_dec_depth", self.collab_dec_depth)])?;
        positive(&[("learning_rate", self.learning_rate)])?;
        for (key, value) in [("drop_message", self.drop_message), ("swap_probability", self.swap_probability)]
        {
            if !(0.0..=1.0).contains(&value) {
                return refuse(key, format!("must be from 0 to 1, but is {value}"));
            }
        }
        self.check_single_agent()?;
        self.check_message_bits()?;
        self.check_strips()?;
        self.check_heads()
    }

    fn check_single_agent(&self) -> Result<(), InvalidSetting> {
        let agents = self.collab_n_agents;
        if self.single_agent_path.as_deref() != Some(AUTO) || agents == 2 {
            return Ok(());
        }
        let reason = "a single agent sees one of two halves, so `auto` needs collab_n_agents 2";
        refuse("single_agent_path", format!("{reason}, but it is {agents}"))
    }

    fn check_message_bits(&self) -> Result<(), InvalidSetting> {
        match self.message_bits {
            Some(bits) if !(1..=MOST_BITS).contains(&bits) => {
                refuse("message_bits", format!("must be null or from 1 to {MOST_BITS}, but is {bits}"))
            }
            _ => Ok(()),
        }
    }

    fn check_strips(&self) -> Result<(), InvalidSetting> {
        let agents = self.collab_n_agents;
        match [1, 2, 4, 7, 14].contains(&agents) {
            true => Ok(()),
            false => refuse(
                "collab_n_agents",
                format!(
                    "must be 1, 2, 4, 7 or 14, so that {IMAGE_SIZE} columns can be shared out, but is {agents}"
                ),
            ),
        }
    }

    fn check_heads(&self) -> Result<(), InvalidSetting> {
        let messenger = if self.collab_messenger == MessengerKind::Attention { self.num_heads } else { 1 };
        let must_divide = |heads: usize| !self.encoding_dim.is_multiple_of(heads);
        match [STACK_HEADS as usize, messenger].into_iter().find(|heads| must_divide(*heads)) {
            Some(heads) => {
                let reason = format!(
                    "must be a multiple of its {heads} attention heads, but is {}",
                    self.encoding_dim
                );
                refuse("encoding_dim", reason)
            }
            None => Ok(()),
        }
    }

    /// The settings of the single agent that agents of these settings can start from: it is trained
    /// on the same digits, without the settings of messages.
    pub fn of_single_agent(&self) -> Self {
        Self {
            collab_n_agents: 1,
            data_path: self.data_path.clone(),
            num_samples: self.num_samples,
            epochs: self.epochs,
            learning_rate: self.learning_rate,
            encoding_dim: self.encoding_dim,
            state_size: self.state_size,
            num_heads: self.num_heads,
            flip: self.flip,
            baselines: false,
            ..Self::default()
        }
    }

    /// The number of strips that an image is cut into, S.
    pub fn strips(&self) -> i64 {
        self.collab_n_agents.max(2) as i64
    }

    /// True if the agents send messages.
    pub fn communicates(&self) -> bool {
        self.collab_n_agents > 1 && self.collab_messenger != MessengerKind::None
    }

    /// The number of bits that all agents together send for one image.
    pub fn bits_per_image(&self) -> usize {
        let bits = self.message_bits.unwrap_or(f32::MANTISSA_DIGITS + 8) as usize;
        if self.communicates() { self.collab_n_agents * self.collab_message_size * bits } else { 0 }
    }

    /// Adam without weight decay, at a constant learning rate.
    pub fn recipe(&self) -> Recipe {
        Recipe {
            epochs: self.epochs,
            optimizer: OptimizerKind::AdamW { epsilon: EPSILON, weight_decay: 0.0 },
            lr: LrSchedule::Constant { lr: self.learning_rate, decay_epoch: None },
            clip_norm: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut ComoSettings)) -> Option<InvalidSetting> {
        let mut settings = ComoSettings::default();
        change(&mut settings);
        settings.check().err()
    }

    #[test]
    fn what_cannot_be_built_is_refused_by_key() {
        let keys = [
            refused(|s| s.collab_n_agents = 3),
            refused(|s| s.encoding_dim = 30),
            refused(|s| s.num_heads = 3),
            refused(|s| s.message_bits = Some(0)),
            refused(|s| s.message_bits = Some(24)),
            refused(|s| s.drop_message = 1.1),
            refused(|s| s.swap_probability = f64::NAN),
            refused(|s| s.learning_rate = 0.0),
            refused(|s| s.state_size = 0),
        ];
        let keys = keys.map(|refusal| refusal.expect("it cannot be built").0);
        assert_eq!(
            keys,
            [
                "collab_n_agents",
                "encoding_dim",
                "encoding_dim",
                "message_bits",
                "message_bits",
                "drop_message",
                "swap_probability",
                "learning_rate",
                "state_size"
            ]
        );
    }

    #[test]
    fn messages_that_need_no_heads_need_no_multiple_of_them() {
        assert_eq!(refused(|_| ()), None);
        assert_eq!(refused(|s| (s.num_heads, s.collab_messenger) = (3, MessengerKind::Linear)), None);
    }

    #[test]
    fn bits_are_those_of_all_agents_messages() {
        let bits = |change: fn(&mut ComoSettings)| {
            let mut settings = ComoSettings::default();
            change(&mut settings);
            settings.bits_per_image()
        };
        assert_eq!(bits(|_| ()), 2 * 128 * 32);
        assert_eq!(
            bits(|s| (s.message_bits, s.collab_n_agents, s.collab_message_size) = (Some(3), 4, 5)),
            60
        );
        assert_eq!(bits(|s| s.collab_messenger = MessengerKind::None), 0);
        assert_eq!(bits(|s| s.collab_n_agents = 1), 0);
    }
}
