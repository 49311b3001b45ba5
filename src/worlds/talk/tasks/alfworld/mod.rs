//! ALFWorld: household tasks in text, played through a child process that the user names.

mod bridge;
mod game;
mod pool;
mod settings;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use self::bridge::Observation;
use self::game::Game;
use self::pool::Pool;
use super::conversations::{Conversation, read};
use super::{Episode, Problem, Split, Texts};

pub use self::settings::AlfWorldSettings;

pub const TEXTS: Texts = Texts {
    system: umwelt_language::DEFAULT_SYSTEM,
    plan_request: "Write a plan that solves this task in steps.",
    bridge: "A plan for this task follows:",
    plan_tokens: 1500,
    turn_tokens: 100,
};

/// Games of the splits of ALFWorld.
pub const SEEN: usize = 140;
pub const UNSEEN: usize = 134;

/// Recorded conversations to learn from, and the games of a bridge.
#[derive(Debug)]
pub struct AlfWorld {
    /// The text before every game's first observation.
    instruction: Option<String>,
    training: Vec<Problem>,
    settings: AlfWorldSettings,
    pool: Arc<Pool>,
}

impl AlfWorld {
    /// The task of a file of conversations; without one, there is nothing to learn from, and games
    /// begin with their observation alone.
    ///
    /// # Errors
    /// As [`read`].
    pub fn new(data: Option<&Path>, settings: AlfWorldSettings) -> Result<Self> {
        let conversations = data.map(read).transpose()?.unwrap_or_default();
        let instruction = conversations.first().and_then(|first| first.instruction.clone());
        let training = conversations.into_iter().map(Self::of_conversation).collect();
        let pool = Arc::new(Pool::new(&settings));
        Ok(Self { instruction, training, settings, pool })
    }

    /// A conversation as a problem. The sender reads what the receiver reads first.
    pub fn of_conversation(conversation: Conversation) -> Problem {
        Problem {
            id: conversation.id,
            sender: conversation.turns[0].0.clone(),
            plan: conversation.plan.unwrap_or_default(),
            turns: conversation.turns,
            ..Problem::default()
        }
    }

    /// The conversations to learn from.
    pub fn training(&self) -> &[Problem] {
        &self.training
    }

    pub fn settings(&self) -> &AlfWorldSettings {
        &self.settings
    }

    /// Game `number` of a split, which a bridge begins to learn its first observation.
    ///
    /// # Errors
    /// When the bridge fails.
    pub fn game(&self, split: Split, number: u64) -> Result<Problem> {
        let (game, Observation { obs, group, .. }) = self.begin(split, number)?;
        drop(game);
        let reads = match &self.instruction {
            Some(instruction) => format!("{instruction}\n{obs}"),
            None => obs,
        };
        Ok(Problem {
            id: format!("alfworld/{}/{number}", split.name()),
            group: group.unwrap_or_else(|| "all".to_owned()),
            sender: reads.clone(),
            // No reference conversation is known.
            turns: vec![(reads, String::new())],
            ..Problem::default()
        })
    }

    fn begin(&self, split: Split, number: u64) -> Result<(Game, Observation)> {
        let mut game = Game::new(self.pool.clone(), &self.settings, (split, number))?;
        let seen = game.reset()?;
        Ok((game, seen))
    }

    /// The problem as a receiver plays it.
    ///
    /// # Errors
    /// When the bridge fails, or the game begins in another way than before.
    pub fn episode(&self, problem: &Problem) -> Result<Box<dyn Episode>> {
        let place = super::place(&problem.id).with_context(|| format!("{} is no game", problem.id))?;
        let (game, seen) = self.begin(place.0, place.1)?;
        let reads = &problem.turns[0].0;
        ensure!(reads.ends_with(&seen.obs), "{}: the bridge begins this game in another way now", problem.id);
        Ok(Box::new(game))
    }
}
