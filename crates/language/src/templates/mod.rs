//! Conversations as text.

mod formats;
mod jinja;

use anyhow::{Context, Result};

use self::formats::{chatml, llama3};
pub use self::jinja::JinjaTemplate;
use crate::tokenizer::TextTokenizer;

/// The system turn of ChatML where a conversation has none.
pub const DEFAULT_SYSTEM: &str = "You are a helpful assistant.";
/// The speaker of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
}

impl Role {
    /// The role as templates spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// A turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub role: Role,
    pub text: String,
}

impl Turn {
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into() }
    }
}

/// A part of a conversation as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    pub part: Part,
    pub text: String,
}

/// The kind of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Headers, and everything else that belongs to no turn.
    Frame,
    /// The text of a turn.
    Content(Role),
    /// The end-of-turn token of a turn.
    End(Role),
}

/// A form of conversations.
pub enum ChatTemplate {
    /// `<|im_start|>ROLE\nTEXT<|im_end|>\n`, with the turn `system` where a conversation has none
    /// and it is not empty.
    ChatMl { system: String },
    /// The headers of Llama 3; with the two lines of dates of Llama 3.1's template and its system
    /// turn in every conversation, or without both.
    Llama3 { dates: bool },
    /// The template of a checkpoint.
    Jinja(Box<JinjaTemplate>),
}

impl ChatTemplate {
    /// ChatML with the default system turn.
    pub fn chatml() -> Self {
        Self::ChatMl { system: DEFAULT_SYSTEM.into() }
    }

    /// The template whose tokens the tokenizer has.
    ///
    /// # Errors
    /// When it has the tokens of neither ChatML nor Llama 3.
    pub fn auto(tokenizer: &TextTokenizer, dates: bool) -> Result<Self> {
        let chatml = tokenizer.id("<|im_start|>").map(|_| Self::chatml());
        let llama3 = || tokenizer.id("<|start_header_id|>").map(|_| Self::Llama3 { dates });
        chatml.or_else(llama3).context(
            "the tokenizer has neither <|im_start|> nor <|start_header_id|>; \
             choose the template `jinja` for the checkpoint's own",
        )
    }

    /// The token that ends a turn, where the template has a fixed one.
    pub fn end_of_turn(&self) -> Option<&str> {
        match self {
            Self::ChatMl { .. } => Some("<|im_end|>"),
            Self::Llama3 { .. } => Some("<|eot_id|>"),
            Self::Jinja(template) => template.end_of_turn(),
        }
    }

    /// A conversation as text, with the header of an assistant's turn if one is to be generated.
    ///
    /// A start token is a part of the text, which is encoded without adding special tokens.
    ///
    /// # Errors
    /// When a checkpoint's template refuses the conversation.
    pub fn render(&self, turns: &[Turn], generate: bool) -> Result<String> {
        Ok(self.fragments(turns, generate)?.into_iter().map(|fragment| fragment.text).collect())
    }

    /// The parts of [`Self::render`].
    ///
    /// # Errors
    /// When a checkpoint's template refuses the conversation or changes the text of a turn.
    pub fn fragments(&self, turns: &[Turn], generate: bool) -> Result<Vec<Fragment>> {
        Ok(match self {
            Self::ChatMl { system } => chatml(system, turns, generate),
            Self::Llama3 { dates } => llama3(*dates, turns, generate),
            Self::Jinja(template) => template.fragments(turns, generate)?,
        })
    }
}
