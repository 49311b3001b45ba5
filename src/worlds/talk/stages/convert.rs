//! The stage `convert`: collected plans are matched with reference solutions, and what is left
//! becomes conversations that a receiver learns from.

mod matching;
mod stats;

use std::collections::HashSet;

use anyhow::{Result, bail, ensure};
use serde_json::json;
use umwelt_base::atomic;
use umwelt_messages::{Folder, Row};

use self::matching::References;
use self::stats::{Reason, Stats};
use super::finish;
use super::messages::opened;
use crate::charts::{Align, Table};
use crate::runs::{Inputs, Record, Score, ScoreCard};
use crate::training::{Evaluated, Job, RunKeys, Session};
use crate::worlds::talk::settings::{ConvertSettings, TalkSettings};
use crate::worlds::talk::tasks::conversations::{Recorded, RecordedTurn};
use crate::worlds::talk::tasks::math::{Equality, boxed};
use crate::worlds::talk::tasks::{Split, Task};

/// The files of the run folder.
const CONVERSATIONS: &str = "conversations.json";
const STATS: &str = "stats.json";

/// The run of the stage.
pub struct Converting {
    settings: ConvertSettings,
    equality: Equality,
    /// The most tokens of a plan; one that has as many was cut off.
    most: usize,
    references: References,
    /// The messages of each sender.
    collected: Vec<Folder>,
}

impl Converting {
    /// # Errors
    /// When the problems or the messages cannot be read.
    pub fn new(talk: &TalkSettings, run: &RunKeys, inputs: &Inputs) -> Result<Self> {
        let task = Task::new(talk, run.seed)?;
        let Task::Math(math) = &task else { bail!("talk.stage: convert is of the task math") };
        Ok(Self {
            settings: talk.convert.clone(),
            equality: talk.evaluate.equality,
            most: talk.collect.max_new_tokens.unwrap_or(task.texts().plan_tokens),
            references: References::new(math.problems(Split::Training)),
            collected: talk.collected_keys().iter().map(|key| opened(inputs, key)).collect::<Result<_>>()?,
        })
    }

    /// The conversations whose rows of all senders are kept, in the order of the first one's.
    fn converted(&self) -> Result<(Vec<Recorded>, Stats)> {
        let mut stats = Stats::default();
        let of = |folder: &Folder| self.converted_of(folder, &mut stats);
        let all: Vec<Vec<Recorded>> = self.collected.iter().map(of).collect::<Result<_>>()?;
        let mut senders = all.into_iter();
        let mut kept = senders.next().unwrap_or_default();
        for others in senders {
            let ids: HashSet<String> = others.into_iter().map(|other| other.id.to_string()).collect();
            kept.retain(|conversation| ids.contains(&conversation.id.to_string()));
        }
        stats.kept = kept.len();
        Ok((kept, stats))
    }

    /// The conversations of a sender's rows that are kept.
    fn converted_of(&self, collected: &Folder, stats: &mut Stats) -> Result<Vec<Recorded>> {
        let (mut kept, mut known) = (vec![], HashSet::new());
        for key in collected.keys() {
            let (file, group, at) = collected.place(key).expect("a key has a place");
            // Row groups are read once, at their first row.
            for row in if at == 0 { collected.rows(file, group)? } else { vec![] } {
                match self.convert(&row, &mut known) {
                    Ok(conversation) => kept.push(conversation),
                    Err(reason) => stats.count(reason),
                }
            }
        }
        Ok(kept)
    }

    fn convert(&self, row: &Row, known: &mut HashSet<String>) -> Result<Recorded, Reason> {
        let problem = self.references.of(row).ok_or(Reason::Unmatched)?;
        if known.contains(&problem.id) {
            return Err(Reason::Duplicate);
        }
        if row.plan.trim().is_empty() {
            return Err(Reason::EmptyPlan);
        }
        if row.length() < self.settings.min_rows {
            return Err(Reason::Short);
        }
        if self.settings.drop_truncated && row.length() >= self.most {
            return Err(Reason::Truncated);
        }
        let solution = &problem.turns[0].1;
        let answer = boxed(solution).ok_or(Reason::NoAnswer)?;
        let told = boxed(&row.plan).is_some_and(|told| self.equality.holds(&told, &answer));
        if self.settings.drop_leaky && told {
            return Err(Reason::Leaky);
        }
        known.insert(problem.id.clone());
        let turns = [("human", &problem.sender), ("gpt", solution)];
        Ok(Recorded {
            // The receiver's stage finds the message by the key of its row.
            id: json!(row.task_id),
            conversations: turns.map(|(from, text)| RecordedTurn::new(from, text)).to_vec(),
            plan: Some(row.plan.clone()),
            answer: Some(answer),
        })
    }

    fn evaluated(&self, stats: &Stats) -> Evaluated {
        let mut scores = vec![Score::higher("kept", stats.kept as f64, "", "conversations")];
        let mut table = Table::new([(self.title().as_str(), Align::Left), ("", Align::Right)])
            .row(["conversations".to_owned(), stats.kept.to_string()]);
        for reason in Reason::ALL {
            let (name, count) = (format!("dropped.{}", reason.name()), stats.of(reason));
            scores.push(Score::lower(&name, count as f64, "", reason.title()));
            table = table.row([format!("left out: {}", reason.title()), count.to_string()]);
        }
        Evaluated {
            card: ScoreCard { scores, baselines: vec![], headline: vec!["kept".into()] },
            report: Record::new(),
            table: table.to_string(),
            figures: vec![],
        }
    }
}

impl Job for Converting {
    fn title(&self) -> String {
        format!(
            "conversations of {} plans",
            self.collected.iter().map(|folder| folder.keys().len()).sum::<usize>()
        )
    }

    fn run(&mut self, session: &mut Session) -> Result<Option<String>> {
        session.run.resume_at(0)?;
        let (kept, stats) = self.converted()?;
        session.run.write_json(STATS, &stats)?;
        ensure!(stats.kept > 0, "no conversation is left: {stats}");
        atomic::write(&session.run.path().join(CONVERSATIONS), &serde_json::to_vec_pretty(&kept)?)?;
        session.run.update(|status| status.steps = 1)?;
        session.run.at_step(1);
        finish(session, 1, self.evaluated(&stats))?;
        Ok(None)
    }
}
