//! Senders that write plans, and receivers that follow them.

use anyhow::{Result, ensure};
use tch::Tensor;
use umwelt_language::{Context, DecoderLm, Graft, Kept, Prompt, Sampling, Segment, Writing, Written, split};

use super::settings::CollectSettings;
use super::tasks::{Episode, Outcome, Problem, Task};
use super::text::Renderer;

/// A plan with the hidden states that it was written from.
pub struct Plan {
    pub text: String,
    pub ids: Vec<i64>,
    /// `[L, d_s]`
    pub hidden: Tensor,
}

/// How a sender writes its plans.
#[derive(Clone, Copy, Debug)]
pub struct Planning {
    pub sampling: Sampling,
    pub seed: u64,
    /// The most tokens of a plan.
    pub most: usize,
    /// A plan's hidden states end with the one that predicts its end.
    pub keep_end: bool,
}

impl Planning {
    /// The plans that are collected for a task.
    pub fn of(settings: &CollectSettings, task: &Task, seed: u64) -> Self {
        let CollectSettings { repetition_penalty, temperature, top_k, top_p, .. } = *settings;
        Self {
            sampling: Sampling { repetition_penalty, temperature, top_k, top_p },
            seed,
            most: settings.max_new_tokens.unwrap_or(task.texts().plan_tokens),
            keep_end: settings.keep_eos,
        }
    }
}

/// The sender's plans for some prompts.
///
/// # Errors
/// When a prompt does not fit the model.
pub fn plans(
    sender: &DecoderLm,
    renderer: &Renderer,
    prompts: Vec<Prompt>,
    planning: Planning,
) -> Result<Vec<Plan>> {
    let Planning { sampling, seed, most, keep_end } = planning;
    let hidden = if keep_end { Kept::TokensAndEnd } else { Kept::Tokens };
    let writing = Writing { sampling, seed, max_new_tokens: most, stop: renderer.stop.clone(), hidden };
    let plan = |written: Written| {
        let hidden = written.hidden.expect("hidden states are kept");
        let tokens = written.ids.len() + usize::from(keep_end && written.stop.is_some());
        let rows = hidden.size()[0];
        ensure!(rows == tokens as i64, "{rows} hidden states of {tokens} tokens");
        Ok(Plan { text: renderer.decode(&written.ids)?, ids: written.ids, hidden })
    };
    sender.generate(&prompts, &writing)?.into_iter().map(plan).collect()
}

/// The fate of a problem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    pub success: bool,
    /// The receiver's turns.
    pub turns: Vec<String>,
    /// What it read between them.
    pub observations: Vec<String>,
    /// The number of tokens that the receiver wrote.
    pub tokens: usize,
}

/// The fates of several problems.
pub struct Outcomes {
    /// `None` for problems whose world failed.
    pub played: Vec<Option<Played>>,
    /// The first failure of a world.
    pub failure: Option<anyhow::Error>,
}

impl Outcomes {
    /// All problems.
    ///
    /// # Errors
    /// The first failure of a world.
    pub fn all(self) -> Result<Vec<Played>> {
        self.failure.map_or(Ok(()), Err)?;
        Ok(self.played.into_iter().flatten().collect())
    }

    fn fail(&mut self, number: usize, error: anyhow::Error) {
        self.played[number] = None;
        self.failure.get_or_insert(error);
    }
}

/// A problem with its message; nothing at all, or pieces between the begin and the end of one.
pub type Messages<'a> = Vec<(&'a Problem, Option<Vec<Segment>>)>;

/// The state of another model that a receiver goes on from, besides its text.
#[derive(Default)]
pub struct Start {
    /// Keys and values of another model.
    pub context: Option<Context>,
    /// States of another model.
    pub graft: Option<Graft>,
    /// The positions of each text that stand in the context already; none, where it is empty.
    pub read: Vec<i64>,
}

impl Start {
    /// The part of the opening of the text at `row` that does not stand in the context yet.
    pub fn unread(&self, row: usize, opening: Vec<Segment>) -> Vec<Segment> {
        let [_, unread] = split(opening, self.read.get(row).copied().unwrap_or(0));
        unread
    }

    /// The start of the problems at these rows alone.
    fn keep(self, rows: &[i64]) -> Self {
        let context = self.context.map(|mut context| {
            context.keep(rows);
            context
        });
        let graft = self.graft.map(|graft| {
            let rows = Tensor::from_slice(rows).to_device(graft.states.device());
            Graft { states: graft.states.index_select(0, &rows), ..graft }
        });
        let read = rows.iter().filter_map(|row| self.read.get(*row as usize).copied()).collect();
        Self { context, graft, read }
    }
}

/// A receiver at work on a task.
pub struct Player<'a> {
    receiver: &'a DecoderLm,
    renderer: &'a Renderer,
    task: &'a Task,
    writing: Writing,
    /// The number of the sample, which decides the random numbers.
    sample: usize,
}

/// A problem that is not over.
struct Going {
    number: usize,
    episode: Box<dyn Episode>,
    prompt: Prompt,
}

impl<'a> Player<'a> {
    /// A receiver that takes the most likely tokens.
    pub fn greedy(receiver: &'a DecoderLm, renderer: &'a Renderer, task: &'a Task) -> Self {
        let writing = Writing {
            sampling: Sampling::GREEDY,
            seed: 0,
            max_new_tokens: task.texts().turn_tokens,
            stop: renderer.stop.clone(),
            hidden: Kept::None,
        };
        Self { receiver, renderer, task, writing, sample: 0 }
    }

    /// The receiver with another sampling, and at most so many tokens a turn.
    pub fn writing(self, sampling: Sampling, seed: u64, most: Option<usize>) -> Self {
        let max_new_tokens = most.unwrap_or(self.writing.max_new_tokens);
        Self { writing: Writing { sampling, seed, max_new_tokens, ..self.writing }, ..self }
    }

    /// The receiver at its sample of this number.
    pub fn sample(self, sample: usize) -> Self {
        Self { sample, ..self }
    }

    /// [`Self::play_from`] nothing.
    ///
    /// # Errors
    /// As [`Self::play_from`].
    pub fn play(&self, problems: Messages) -> Result<Outcomes> {
        self.play_from(Start::default(), problems)
    }

    /// Lets the receiver work on all problems at once, from `start` on. A world that fails ends its
    /// own problem alone.
    ///
    /// # Errors
    /// When a message or the start does not fit the model.
    pub fn play_from(&self, start: Start, problems: Messages) -> Result<Outcomes> {
        let played = problems.iter().map(|_| Some(Played::default())).collect();
        let (mut outcomes, mut going) = (Outcomes { played, failure: None }, vec![]);
        for (number, (problem, message)) in problems.into_iter().enumerate() {
            match self.task.episode(problem) {
                Ok(episode) => {
                    let mut prompt = self.prompt(problem, message)?;
                    prompt.segments = start.unread(number, prompt.segments);
                    going.push(Going { number, episode, prompt });
                }
                Err(error) => outcomes.fail(number, error),
            }
        }
        let rows: Vec<i64> = going.iter().map(|going| going.number as i64).collect();
        let Start { context, mut graft, .. } =
            if rows.len() == outcomes.played.len() { start } else { start.keep(&rows) };
        let mut context = context.unwrap_or_else(|| Context::new(self.receiver, rows.len() as i64));
        while !going.is_empty() {
            going = self.turn(&mut context, graft.take(), going, &mut outcomes)?;
        }
        Ok(outcomes)
    }

    fn prompt(&self, problem: &Problem, message: Option<Vec<Segment>>) -> Result<Prompt> {
        let task = match self.sample {
            0 => problem.id.clone(),
            sample => format!("{} sample {sample}", problem.id),
        };
        Ok(Prompt { task, segments: self.renderer.opening(problem, message)? })
    }

    /// One turn of all problems; those that go on.
    fn turn(
        &self,
        context: &mut Context,
        graft: Option<Graft>,
        going: Vec<Going>,
        outcomes: &mut Outcomes,
    ) -> Result<Vec<Going>> {
        let (mut problems, mut prompts) = (vec![], vec![]);
        for Going { number, episode, prompt } in going {
            problems.push((number, episode, prompt.task.clone()));
            prompts.push(prompt);
        }
        let written = self.receiver.generate_grafted(context, &prompts, &self.writing, graft.as_ref())?;
        let (mut kept, mut next) = (vec![], vec![]);
        for (row, ((number, mut episode, task), written)) in problems.into_iter().zip(written).enumerate() {
            let (text, used) = self.used(&*episode, &written.ids)?;
            context.forget(row as i64, (written.ids.len() - used) as i64);
            if let Some(played) = &mut outcomes.played[number] {
                played.tokens += written.ids.len();
                played.turns.push(text.clone());
            }
            match episode.take(&text) {
                Err(error) => outcomes.fail(number, error),
                Ok(Outcome::Over { success }) => {
                    outcomes.played[number].iter_mut().for_each(|played| played.success = success);
                }
                Ok(Outcome::Goes(observation)) => {
                    let segments = vec![Segment::Ids(self.renderer.reply(&observation)?)];
                    if let Some(played) = &mut outcomes.played[number] {
                        played.observations.push(observation);
                    }
                    kept.push(row as i64);
                    next.push(Going { number, episode, prompt: Prompt { task, segments } });
                }
            }
        }
        if !next.is_empty() {
            context.keep(&kept);
        }
        Ok(next)
    }

    /// The part of a turn that counts, and the number of its tokens.
    fn used(&self, episode: &dyn Episode, ids: &[i64]) -> Result<(String, usize)> {
        let text = self.renderer.decode(ids)?;
        let length = episode.used(&text);
        if length == text.len() {
            return Ok((text, ids.len()));
        }
        for count in 1..ids.len() {
            if self.renderer.decode(&ids[..count])?.len() >= length {
                return Ok((text[..length].to_owned(), count));
            }
        }
        Ok((text[..length].to_owned(), ids.len()))
    }
}
