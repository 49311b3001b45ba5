//! The training of the autoencoder of attributes, `model_type: ShapesAttributes`.

use std::ops::Range;

use anyhow::{Result, bail, ensure};
use tch::{Device, Kind, Tensor, no_grad};

use super::{AttrSettings, AttributeCode, AttributeVae, LATENT};
use crate::charts::{Align, Table};
use crate::nn::Parameters;
use crate::runs::{Baseline, Progress, Record, Score, ScoreCard};
use crate::training::{Evaluated, GradientDescent, Plan, Prefetch, RunKeys, Shuffle, Step, Task};
use crate::worlds::workspace::data::{OodSettings, Shape, ShapeSet, ShapesSettings, Split};
use crate::worlds::workspace::domains::noise;
use crate::worlds::workspace::evaluation::AttributeErrors;

/// The headline score.
const ERROR: &str = "attribute_error";

/// Training and evaluation of the autoencoder of attributes.
pub struct AttributeTask {
    settings: AttrSettings,
    run: RunKeys,
    code: AttributeCode,
    vae: AttributeVae,
    /// The numbers of the training items: classes `[N, 3]` and the others `[N, width]`.
    training: [Tensor; 2],
    validation: [Tensor; 2],
    validation_shapes: Vec<Shape>,
    descent: GradientDescent,
}

impl AttributeTask {
    /// The task of these settings.
    ///
    /// # Errors
    /// When there are fewer training items than a batch has, or files of the data set are missing.
    pub fn new(
        shapes: &ShapesSettings,
        settings: &AttrSettings,
        run: &RunKeys,
        device: Device,
    ) -> Result<Self> {
        let (count, batch_size) = (shapes.n_train_examples, settings.batch_size);
        ensure!(
            count >= batch_size,
            "attr.batch_size: must be at most {count} (shapes.n_train_examples), but is {batch_size}"
        );
        let code = AttributeCode::new(settings, shapes.unpaired_dim);
        let set = ShapeSet::new(shapes, &OodSettings::default(), run.seed)?;
        let numbers = |split| {
            let numbers = code.encode(set.shapes(split), set.unpaired(split).view());
            numbers.map(|numbers| numbers.to_device(device))
        };
        let vae = AttributeVae::new(&code, run.seed, device);
        Ok(Self {
            descent: GradientDescent::new(&vae.parameters, &settings.recipe(), batch_size, 1),
            settings: settings.clone(),
            run: run.clone(),
            training: numbers(Split::Training),
            validation: numbers(Split::Validation),
            validation_shapes: set.shapes(Split::Validation).to_vec(),
            code,
            vae,
        })
    }

    fn shuffle(&self) -> Shuffle {
        Shuffle::new(self.run.seed, self.training[0].size()[0] as usize, self.settings.batch_size)
    }
}

impl Task for AttributeTask {
    /// The training items of a batch, `[B]`.
    type Batch = Vec<i64>;

    /// An epoch is a pass over the training items.
    fn plan(&self) -> Plan {
        Plan::of_steps(&self.run, self.settings.steps as u64, self.shuffle().batches_per_epoch())
    }

    fn title(&self) -> String {
        format!("attributes of shapes in {LATENT} numbers")
    }

    fn batches(&self, steps: Range<u64>) -> Prefetch<Vec<i64>> {
        let shuffle = self.shuffle();
        Prefetch::new(steps, move |step| shuffle.batch(step))
    }

    fn batch_size(&self) -> usize {
        self.settings.batch_size
    }

    fn step(&mut self, step: u64, batch: Vec<i64>, _observe: bool) -> Result<Step> {
        let picked = Tensor::from_slice(&batch).to_device(self.vae.parameters.device());
        let [classes, rest] = self.training.each_ref().map(|numbers| numbers.index_select(0, &picked));
        let noise = noise(&self.vae.parameters, "attributes/noise", step, [batch.len() as i64, LATENT]);
        let (vae, beta) = (&self.vae, self.settings.beta);
        self.descent.descend(step, || Ok(vae.loss(&classes, &rest, &noise, beta)))
    }

    fn parameters(&self) -> &Parameters {
        &self.vae.parameters
    }

    fn descent(&self) -> &GradientDescent {
        &self.descent
    }

    fn evaluate(&self, epoch: f64, progress: &dyn Progress) -> Result<Evaluated> {
        progress.update("validation items", 0, 1)?;
        let (card, errors) = no_grad(|| self.scores());
        if card.scores.iter().any(|score| !score.value.is_finite()) {
            bail!("a score is not finite at epoch {epoch}");
        }
        let row = |(name, value): (&'static str, f64)| [name.to_owned(), format!("{value:.3}")];
        let table =
            Table::new([(self.title().as_str(), Align::Left), ("from sampled latents", Align::Right)]);
        let table = errors.columns().into_iter().map(row).fold(table, Table::row).to_string();
        Ok(Evaluated { card, report: Record::new(), table, figures: vec![] })
    }
}

impl AttributeTask {
    /// The scores on the validation items, decoded from sampled latents, beside predictions of the
    /// mean.
    fn scores(&self) -> (ScoreCard, AttributeErrors) {
        let [classes, rest] = &self.validation;
        let count = classes.size()[0];
        let posterior = self.vae.encode(classes, rest);
        let latents =
            posterior.sample(&noise(&self.vae.parameters, "attributes/validation noise", 0, [count, LATENT]));
        let [log_probabilities, numbers] = self.vae.decode(&latents);
        let errors =
            AttributeErrors::new(&self.validation_shapes, &self.code.decode(&log_probabilities, &numbers));
        let number = |tensor: Tensor| tensor.double_value(&[]);
        let class = number(log_probabilities.nll_loss(&classes.argmax(-1, false)));
        let error = number((numbers - rest).square().sum(Kind::Float)) / (2 * count) as f64;
        let mean = rest.mean_dim([0i64].as_slice(), true, Kind::Float);
        let constant = number((rest - mean).square().sum(Kind::Float)) / (2 * count) as f64;
        let kl = number(posterior.divergence()) / count as f64;
        let card = ScoreCard {
            scores: vec![
                Score::lower(ERROR, error, "", "squared error of the attributes"),
                Score::lower("class_nats", class, "nats", "loss of the class"),
                Score::lower("kl_per_item", kl, "nats", "divergence from the prior"),
                Score::higher("right.class", errors.class, "%", "right class"),
            ],
            baselines: vec![Baseline { name: "mean of the items".into(), value: constant, of: ERROR.into() }],
            headline: vec![ERROR.into(), "right.class".into()],
        };
        (card, errors)
    }
}
