//! The chat template of a checkpoint, in the language Jinja.

use anyhow::{Context, Result, ensure};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, context};
use minijinja_contrib::pycompat::unknown_method_callback;
use serde_json::Value;

use super::formats::frame;
use super::{Fragment, Part, Turn};

/// The name of the template inside its environment.
const NAME: &str = "chat_template";

/// A chat template in Jinja, with the special tokens that it may name.
pub struct JinjaTemplate {
    environment: Environment<'static>,
    start: String,
    end: String,
}

impl JinjaTemplate {
    /// A template with the tokens that start and end a text, each empty where there is none.
    ///
    /// # Errors
    /// When the source is no Jinja.
    pub fn new(source: &str, start: &str, end: &str) -> Result<Self> {
        let mut environment = Environment::new();
        // As transformers renders templates.
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.context("the syntax of chat templates is not supported")?);
        environment.set_unknown_method_callback(unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, message))
        });
        environment.add_template_owned(NAME, source.to_owned()).context("the chat template is no Jinja")?;
        Ok(Self { environment, start: start.into(), end: end.into() })
    }

    /// The template of a `tokenizer_config.json`: its key `chat_template`, a text or a list of
    /// named ones of which `default` is taken; `None` where it has none.
    ///
    /// # Errors
    /// When the source is no Jinja.
    pub fn from_config(config: &Value) -> Result<Option<Self>> {
        let named = |list: &Vec<Value>| {
            let default = list.iter().find(|entry| entry["name"] == "default");
            default.and_then(|entry| entry["template"].as_str().map(str::to_owned))
        };
        let template = &config["chat_template"];
        let source = template.as_str().map(str::to_owned).or_else(|| template.as_array().and_then(named));
        let token = |key: &str| special(&config[key]);
        source.map(|source| Self::new(&source, &token("bos_token"), &token("eos_token"))).transpose()
    }

    /// The token that ends a text, which also ends a turn in the templates that we know.
    pub fn end_of_turn(&self) -> Option<&str> {
        (!self.end.is_empty()).then_some(self.end.as_str())
    }

    /// The conversation as text.
    ///
    /// # Errors
    /// When the template refuses it.
    pub fn render(&self, turns: &[Turn], generate: bool) -> Result<String> {
        let message = |turn: &Turn| context! { role => turn.role.name(), content => turn.text.as_str() };
        let messages: Vec<_> = turns.iter().map(message).collect();
        let template = self.environment.get_template(NAME).expect("it was added");
        let values = context! {
            messages => messages,
            add_generation_prompt => generate,
            bos_token => self.start.as_str(),
            eos_token => self.end.as_str(),
        };
        template.render(values).context("the chat template refuses the conversation")
    }

    /// The parts of the text.
    ///
    /// # Errors
    /// When the template refuses the conversation or changes more than the space around a text.
    pub fn fragments(&self, turns: &[Turn], generate: bool) -> Result<Vec<Fragment>> {
        let (text, frames) = (self.render(turns, generate)?, self.frames(turns, generate)?);
        let changed = || format!("the chat template changes the text of a turn: {text}");
        let (mut rest, mut fragments) = (text.as_str(), vec![]);
        for (turn, before) in turns.iter().zip(&frames) {
            rest = rest.strip_prefix(before.as_str()).with_context(changed)?;
            fragments.push(frame(before));
            let content =
                [turn.text.as_str(), turn.text.trim()].into_iter().find(|text| rest.starts_with(text));
            let content = content.with_context(changed)?;
            fragments.push(Fragment { part: Part::Content(turn.role), text: content.into() });
            rest = &rest[content.len()..];
        }
        ensure!(frames.last().is_some_and(|last| rest == last), changed());
        fragments.push(frame(rest));
        Ok(self.with_ends(fragments))
    }

    /// The text before, between and after the turns: what stands around marks in their place.
    fn frames(&self, turns: &[Turn], generate: bool) -> Result<Vec<String>> {
        let mark = |i: usize| format!("\u{E000}{i}\u{E001}");
        let marked = turns.iter().enumerate().map(|(i, turn)| Turn::new(turn.role, mark(i)));
        let text = self.render(&marked.collect::<Vec<_>>(), generate)?;
        let (mut rest, mut frames) = (text.as_str(), vec![]);
        for i in 0..turns.len() {
            let halves = rest.split_once(&mark(i));
            let (before, after) = halves.context("the chat template leaves out a turn, or reorders them")?;
            frames.push(before.to_owned());
            rest = after;
        }
        frames.push(rest.to_owned());
        Ok(frames)
    }

    /// Fragments in which the token that ends a turn is one of its own.
    fn with_ends(&self, fragments: Vec<Fragment>) -> Vec<Fragment> {
        let (mut split, mut role) = (vec![], None);
        for fragment in fragments {
            let end = self.end_of_turn().filter(|end| fragment.text.starts_with(end));
            match (fragment.part, role, end) {
                (Part::Frame, Some(role), Some(end)) => {
                    split.push(Fragment { part: Part::End(role), text: end.to_owned() });
                    split.push(frame(&fragment.text[end.len()..]));
                }
                _ => split.push(fragment.clone()),
            }
            role = if let Part::Content(role) = fragment.part { Some(role) } else { None };
        }
        split
    }
}

/// A special token of a `tokenizer_config.json`: a text, or an object with a `content`.
fn special(value: &Value) -> String {
    value.as_str().or(value["content"].as_str()).unwrap_or_default().to_owned()
}
