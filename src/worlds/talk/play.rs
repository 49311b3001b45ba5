//! Senders that write plans, and receivers that follow them.

use anyhow::{Result, ensure};
use tch::Tensor;
use umwelt_language::{Context, DecoderLm, Graft, Prompt, Sampling, Segment, Writing, Written};

use super::settings::CollectSettings;
use super::tasks::{Outcome, Problem, Task};
use super::text::Renderer;

/// A plan with the hidden states that it was written from.
pub struct Plan {
    pub text: String,
    pub ids: Vec<i64>,
    /// `[L, d_s]`
    pub hidden: Tensor,
}

/// The sampling of a sender.
pub fn sampling(settings: &CollectSettings) -> Sampling {
    let CollectSettings { repetition_penalty, temperature, top_k, top_p, .. } = *settings;
    Sampling { repetition_penalty, temperature, top_k, top_p }
}

/// The sender's plans for some problems.
///
/// # Errors
/// When a prompt does not fit the model.
pub fn plans(
    sender: &DecoderLm,
    renderer: &Renderer,
    problems: &[Problem],
    sampling: Sampling,
    seed: u64,
    most: usize,
) -> Result<Vec<Plan>> {
    let prompt = |problem: &Problem| {
        let segments = vec![Segment::Ids(renderer.sender(problem, None)?.ids)];
        Ok(Prompt { task: problem.id.clone(), segments })
    };
    let prompts: Vec<Prompt> = problems.iter().map(prompt).collect::<Result<_>>()?;
    let writing =
        Writing { sampling, seed, max_new_tokens: most, stop: renderer.stop.clone(), keep_hidden: true };
    let plan = |written: Written| {
        let hidden = written.hidden.expect("hidden states are kept");
        let rows = hidden.size()[0];
        ensure!(rows == written.ids.len() as i64, "{rows} hidden states of {} tokens", written.ids.len());
        Ok(Plan { text: renderer.decode(&written.ids)?, ids: written.ids, hidden })
    };
    sender.generate(&prompts, &writing)?.into_iter().map(plan).collect()
}

/// What became of a problem.
#[derive(Clone, Debug)]
pub struct Played {
    pub success: bool,
    /// The receiver's turns.
    pub turns: Vec<String>,
    /// The number of tokens that the receiver wrote.
    pub tokens: usize,
}

/// A problem with its message; nothing at all, or pieces between the begin and the end of one.
pub type Messages<'a> = Vec<(&'a Problem, Option<Vec<Segment>>)>;

/// What a receiver goes on from, besides its text.
#[derive(Default)]
pub struct Start {
    /// Keys and values of another model.
    pub context: Option<Context>,
    /// States of another model.
    pub graft: Option<Graft>,
}

/// Lets the receiver work on all problems at once, greedily. It goes on from `start`.
///
/// # Errors
/// When a message does not fit the model.
pub fn play(
    receiver: &DecoderLm,
    renderer: &Renderer,
    task: &Task,
    problems: Messages,
    start: Start,
) -> Result<Vec<Played>> {
    let episodes = problems.iter().map(|(problem, _)| task.episode(problem));
    let mut episodes = episodes.collect::<Result<Vec<_>>>()?;
    let mut played = vec![Played { success: false, turns: vec![], tokens: 0 }; episodes.len()];
    let mut going: Vec<usize> = (0..episodes.len()).collect();
    let ids: Vec<&str> = problems.iter().map(|(problem, _)| problem.id.as_str()).collect();
    let prompt = |id: &str, segments| Prompt { task: id.to_owned(), segments };
    let opening =
        |(problem, message): (&Problem, _)| Ok(prompt(&problem.id, renderer.opening(problem, message)?));
    let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
    let mut prompts: Vec<Prompt> = problems.into_iter().map(opening).collect::<Result<_>>()?;
    let writing = Writing {
        sampling: Sampling::GREEDY,
        seed: 0,
        max_new_tokens: task.texts().turn_tokens,
        stop: renderer.stop.clone(),
        keep_hidden: false,
    };
    let Start { context, mut graft } = start;
    let mut context = context.unwrap_or_else(|| Context::new(receiver, prompts.len() as i64));
    while !going.is_empty() {
        let written = receiver.generate_grafted(&mut context, &prompts, &writing, graft.take().as_ref())?;
        let (mut kept, mut next) = (vec![], vec![]);
        for (row, (number, written)) in going.iter().zip(written).enumerate() {
            let text = renderer.decode(&written.ids)?;
            let played = &mut played[*number];
            played.tokens += written.ids.len();
            match episodes[*number].take(&text) {
                Outcome::Over { success } => played.success = success,
                Outcome::Goes(observation) => {
                    kept.push(row as i64);
                    next.push(prompt(&ids[*number], vec![Segment::Ids(renderer.reply(&observation)?)]));
                }
            }
            played.turns.push(text);
        }
        going = kept.iter().map(|row| going[*row as usize]).collect();
        if !going.is_empty() {
            context.keep(&kept);
        }
        prompts = next;
    }
    Ok(played)
}
