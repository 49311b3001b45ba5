//! Scores of the text domain.

use anyhow::{Result, bail};
use serde::Serialize;
use tch::{Kind, Tensor, no_grad};

use super::domain::sentences;
use super::tally::Tally;
use super::{SentenceSource, TextBatch, TextVae};
use crate::runs::Progress;
use crate::worlds::workspace::data::Shape;
use crate::worlds::workspace::data::captions::{Phrase, Phrases, heads, sentence};
use crate::worlds::workspace::domains::{Items, Sentence};
use crate::worlds::workspace::evaluation::AttributeErrors;

/// Sentences in a batch.
const BATCH: usize = 500;
/// Sentences whose text is shown.
const SHOWN: usize = 4;
/// The kinds of phrases.
const PHRASES: [&str; 5] = ["shape", "size", "color", "rotation", "location"];

/// The scores of one evaluation, as written to `evaluation.json`.
#[derive(Clone, Debug, Serialize)]
pub struct TextScores {
    pub epoch: f64,
    /// The loss of the autoencoder for a sentence, decoded from the mean, without the heads on it.
    pub vae_loss: f64,
    /// The divergence of the posterior from the prior, in nats for a sentence.
    pub kl: f64,
    /// Right phrases of each kind, in percent.
    pub phrases: Vec<Share>,
    /// Right classes of the grammar, in percent.
    pub grammar: Vec<Share>,
    /// The errors of the attributes that the phrases read tell.
    pub read: AttributeErrors,
    /// The errors of the attributes that the true phrases tell.
    pub caption: AttributeErrors,
    /// The errors of the attribute head.
    pub head: AttributeErrors,
    /// Sentences and what was read from them.
    pub examples: Vec<[String; 2]>,
}

/// The accuracy of one classifier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    pub name: String,
    /// In percent.
    pub accuracy: f64,
    /// The accuracy of the most frequent class, in percent.
    pub blind: f64,
}

/// Sums and lists over sentences.
struct Sums {
    loss: f64,
    kl: f64,
    phrases: Vec<Tally>,
    grammar: Vec<Tally>,
    read: Vec<Sentence>,
    head: Vec<Shape>,
}

impl TextScores {
    /// Scores `vae` on the first `count` sentences of `items`.
    ///
    /// # Errors
    /// The errors of `progress` and of the source; a loss that is not finite.
    pub fn new(
        vae: &TextVae,
        source: &SentenceSource,
        items: &Items,
        count: usize,
        epoch: f64,
        progress: &dyn Progress,
    ) -> Result<Self> {
        let tallies = |count: usize| vec![Tally::default(); count];
        let (phrases, grammar) = (tallies(PHRASES.len()), tallies(heads().len()));
        let mut sums = Sums { loss: 0.0, kl: 0.0, phrases, grammar, read: vec![], head: vec![] };
        for from in (0..count).step_by(BATCH) {
            progress.update("validation sentences", from as u64, count as u64)?;
            let rows: Vec<usize> = (from..count.min(from + BATCH)).collect();
            let batch = TextBatch::new(source, items, &rows)?.to_device(vae.parameters.device());
            no_grad(|| sums.add(vae, &batch, items, &rows));
        }
        if !sums.loss.is_finite() {
            bail!("the validation loss is not finite at epoch {epoch}");
        }
        Ok(sums.scores(items, count, epoch))
    }
}

impl Sums {
    fn add(&mut self, vae: &TextVae, batch: &TextBatch, items: &Items, rows: &[usize]) {
        let posterior = vae.encode(&batch.sentences);
        let said = vae.say(&posterior.mean);
        let kl = posterior.divergence().double_value(&[]);
        self.kl += kl;
        self.loss += vae.reconstruction(batch, &posterior.mean).double_value(&[]) * rows.len() as f64;
        self.loss += vae.beta() * kl;
        add_classes(&mut self.grammar, &batch.grammar, &said.grammar);
        let read = sentences(&said);
        for (row, found) in rows.iter().zip(&read) {
            let truth = Phrases::of(&items.shapes[*row], &items.choices[*row]);
            let both = numbers(&truth).into_iter().zip(numbers(&found.phrases));
            self.phrases.iter_mut().zip(both).for_each(|(tally, (truth, found))| tally.add(truth, found));
        }
        self.read.extend(read);
        self.head.extend(said.shapes());
    }

    fn scores(self, items: &Items, count: usize, epoch: f64) -> TextScores {
        let truth = &items.shapes[..count];
        let shares = |tallies: &[Tally], names: Vec<&str>| {
            let share = |(tally, name): (&Tally, &str)| Share {
                name: name.into(),
                accuracy: tally.accuracy(),
                blind: tally.blind(),
            };
            tallies.iter().zip(names).map(share).collect()
        };
        let caption = |row: usize| Phrases::of(&items.shapes[row], &items.choices[row]);
        let told: Vec<Shape> = (0..count).map(|row| caption(row).attributes()).collect();
        let read: Vec<Shape> = self.read.iter().map(|sentence| sentence.phrases.attributes()).collect();
        let text = |one: &Sentence| sentence(&one.choices, &one.phrases);
        let example =
            |(row, found): (usize, &Sentence)| [sentence(&items.choices[row], &caption(row)), text(found)];
        TextScores {
            epoch,
            vae_loss: self.loss / count as f64,
            kl: self.kl / count as f64,
            phrases: shares(&self.phrases, PHRASES.to_vec()),
            grammar: shares(&self.grammar, heads().iter().map(|(name, _)| name.as_str()).collect()),
            read: AttributeErrors::new(truth, &read),
            caption: AttributeErrors::new(truth, &told),
            head: AttributeErrors::new(truth, &self.head),
            examples: self.read.iter().enumerate().take(SHOWN).map(example).collect(),
        }
    }
}

/// Adds true and found classes `[N, K]` to K tallies.
fn add_classes(tallies: &mut [Tally], truth: &Tensor, found: &Tensor) {
    let flat = |classes: &Tensor| {
        Vec::<i64>::try_from(classes.to_kind(Kind::Int64).contiguous().flatten(0, -1)).expect("whole numbers")
    };
    for (i, (truth, found)) in flat(truth).into_iter().zip(flat(found)).enumerate() {
        tallies[i % tallies.len()].add(truth, found);
    }
}

/// The phrases as one number for each of [`PHRASES`]; those of different writers differ.
fn numbers(phrases: &Phrases) -> [i64; 5] {
    let of_writer = |phrase: Phrase| 1000 * i64::from(phrase.writer) + i64::from(phrase.index);
    let Phrases { shape, size, colour, rotation, location } = *phrases;
    [shape.into(), size.into(), colour.into(), of_writer(rotation), of_writer(location)]
}
