//! The stage `compress`: a student learns to send a few latents in place of a whole message.

mod references;
pub(super) mod teaching;

use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use tch::{Device, no_grad};

use self::teaching::Teaching;
use super::learning::Learner;
use super::parts::parts;
use super::recipe::{Rate, plan, recipe};
use crate::charts::{Align, Table};
use crate::nn::Parameters;
use crate::runs::{Inputs, Progress, Score};
use crate::training::{Evaluated, GradientDescent, Plan, Prefetch, RunKeys, Step, Task};
use crate::worlds::talk::models::{joined, save};
use crate::worlds::talk::settings::TalkSettings;

/// The file of the student's own part in its folder.
pub const OWN: &str = "latents.safetensors";

/// The training of a student.
pub struct CompressTask {
    run: RunKeys,
    teaching: Teaching,
    parameters: Parameters,
    descent: GradientDescent,
    accumulate: usize,
}

impl Learner for CompressTask {
    const FOLDER: &'static str = "student";

    fn new(talk: &TalkSettings, run: &RunKeys, device: Device, inputs: &Inputs) -> Result<Self> {
        let teaching = Teaching::new(talk, run.seed, device, inputs)?;
        let student = &teaching.student;
        let parameters =
            joined(&[("student", student.decoder().parameters()), ("own", student.parameters())]);
        let settings = &teaching.settings;
        let rate = Rate {
            steps: settings.steps,
            lr: settings.lr,
            rise: 0.03,
            beta2: 0.999,
            weight_decay: 0.0,
            clip: 3.0,
        };
        let descent = GradientDescent::new(&parameters, &recipe(&rate), settings.batch_size, 1);
        Ok(Self { run: run.clone(), teaching, parameters, descent, accumulate: talk.accumulate })
    }

    fn save(&self, folder: &Path) -> Result<()> {
        let student = &self.teaching.student;
        self.teaching.start.with_decoder(student.decoder().grown(0, 0)?).save(folder)?;
        save(student.parameters(), &folder.join(OWN))
    }
}

impl Task for CompressTask {
    type Batch = Vec<i64>;

    fn plan(&self) -> Plan {
        plan(&self.run, self.teaching.settings.steps)
    }

    fn title(&self) -> String {
        let Teaching { settings, collected, .. } = &self.teaching;
        let numbers: Vec<String> = settings.k.iter().map(usize::to_string).collect();
        format!("student of {} latents, {} messages", numbers.join(" or "), collected.training.len())
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Vec<i64>> {
        self.teaching.collected.batches(self.run.seed, self.batch_size(), steps)
    }

    fn batch_size(&self) -> usize {
        self.teaching.settings.batch_size
    }

    fn step(&mut self, step: u64, batch: Vec<i64>, _observe: bool) -> Result<Step> {
        let teaching = &self.teaching;
        let samples = teaching.collected.batch(&batch, &teaching.trained.renderer)?;
        let lesson = teaching.lesson(samples, step)?;
        let parts = parts(batch.len(), self.accumulate).into_iter();
        self.descent.descend_in_parts(step, parts.map(|part| teaching.report(&lesson, part)))
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, _epoch: f64, _progress: &dyn Progress) -> Result<Evaluated> {
        let loss = no_grad(|| self.teaching.held_out())?;
        let name = "held_out.cross_entropy";
        let scores = vec![Score::lower(name, loss, "nats", "cross-entropy of held-out answers")];
        let table = Table::new([(self.title().as_str(), Align::Left), ("", Align::Right)])
            .row(["cross-entropy of held-out answers".to_owned(), format!("{loss:.4} nats")]);
        Ok(Evaluated::of_scores(scores, name, &table))
    }
}
