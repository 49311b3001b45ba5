//! A plan with its hidden states.

use half::{bf16, f16};
use serde::{Deserialize, Serialize};

/// What a sender wrote for a task, and the hidden states that it wrote from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The key of the row.
    pub task_id: String,
    /// The text of the task.
    pub task: String,
    pub plan: String,
    /// The tokens of the plan.
    pub plan_ids: Vec<i32>,
    /// The hidden states `[L, d]`, row by row.
    pub hidden_state: Vec<f32>,
    /// The number of features of a hidden state, d.
    pub width: usize,
    pub task_type: Option<String>,
    pub task_level: Option<String>,
    /// The answer that is expected.
    pub answer: Option<String>,
}

impl Row {
    /// The number of hidden states, L.
    pub fn length(&self) -> usize {
        self.hidden_state.len().checked_div(self.width).unwrap_or(0)
    }

    /// The bytes that the row takes in memory, about.
    pub fn bytes(&self) -> usize {
        let texts = [&self.task_id, &self.task, &self.plan];
        let texts: usize = texts.iter().map(|text| text.len()).sum();
        4 * (self.hidden_state.len() + self.plan_ids.len()) + texts + size_of::<Self>()
    }
}

/// The number format of hidden states in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    #[default]
    F32,
    Bf16,
    F16,
}

impl Dtype {
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::F16];

    /// The name in settings and in the metadata of a file.
    pub fn name(self) -> &'static str {
        ["f32", "bf16", "f16"][self as usize]
    }

    /// The bits of a number in a format of 16 bits, as a Parquet INT32.
    pub(crate) fn narrow(self, value: f32) -> i32 {
        match self {
            Self::F32 => unreachable!("numbers of 32 bits are written as they are"),
            Self::Bf16 => i32::from(bf16::from_f32(value).to_bits()),
            Self::F16 => i32::from(f16::from_f32(value).to_bits()),
        }
    }

    /// The number with these bits.
    pub(crate) fn widen(self, bits: i32) -> f32 {
        match self {
            Self::F32 => bits as f32,
            Self::Bf16 => bf16::from_bits(bits as u16).to_f32(),
            Self::F16 => f16::from_bits(bits as u16).to_f32(),
        }
    }
}
