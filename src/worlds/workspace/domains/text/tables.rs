//! The score card and the text table of the text domain.

use super::{Share, TextScores};
use crate::charts::{Align, Table};
use crate::runs::{Baseline, Score, ScoreCard};

/// The first headline score: it chooses the checkpoint.
const LOSS: &str = "vae_loss";
/// The scores of the attributes that phrases tell, in the order of the columns of the errors: name,
/// unit and title.
const READ: [(&str, &str, &str); 6] = [
    ("read.class", "%", "right class read"),
    ("read.x_px", "px", "error of x read"),
    ("read.y_px", "px", "error of y read"),
    ("read.size_px", "px", "error of the size read"),
    ("read.angle_deg", "degrees", "median error of the rotation read"),
    ("read.rgb", "of 255", "error of the colour read"),
];

impl TextScores {
    /// The score card, with blind guesses and the true captions as baselines.
    pub fn card(&self) -> ScoreCard {
        let headline = vec![LOSS.into(), "right.phrases".into(), "right.grammar".into()];
        ScoreCard { scores: self.scores(), baselines: self.baselines(), headline }
    }

    fn scores(&self) -> Vec<Score> {
        let percent = |name: &str, value: f64, title: &str| Score::higher(name, value, "%", title);
        let structure = self.grammar[0].accuracy;
        let own = [
            Score::lower(LOSS, self.vae_loss, "", "loss of the autoencoder"),
            percent("right.phrases", mean(&self.phrases, |share| share.accuracy), "right phrases"),
            percent(
                "right.grammar",
                mean(&self.grammar, |share| share.accuracy),
                "right classes of the grammar",
            ),
            percent("right.structure", structure, "right structure of the sentence"),
            Score::lower("kl_per_sentence", self.kl, "nats", "divergence from the prior"),
        ];
        let phrase =
            |share: &Share| percent(&score_of(share), share.accuracy, &format!("right {}", share.name));
        let read =
            READ.iter().zip(self.read.columns()).map(|((name, unit, title), (_, value))| match *unit {
                "%" => percent(name, value, title),
                _ => Score::lower(name, value, unit, title),
            });
        own.into_iter().chain(self.phrases.iter().map(phrase)).chain(read).collect()
    }

    fn baselines(&self) -> Vec<Baseline> {
        let blind = |of: &str, value: f64| Baseline { name: "blind guess".into(), value, of: of.into() };
        let all = [
            blind("right.phrases", mean(&self.phrases, |share| share.blind)),
            blind("right.grammar", mean(&self.grammar, |share| share.blind)),
            blind("right.structure", self.grammar[0].blind),
        ];
        let phrases = self.phrases.iter().map(|share| blind(&score_of(share), share.blind));
        let caption = READ.iter().zip(self.caption.columns()).map(|((of, ..), (_, value))| Baseline {
            name: "true caption".into(),
            value,
            of: (*of).into(),
        });
        all.into_iter().chain(phrases).chain(caption).collect()
    }

    /// The scores as text under `heading`: two tables, and sentences with what was read from them.
    pub fn table(&self, heading: &str) -> String {
        let columns = [(heading, Align::Left), ("right %", Align::Right), ("blind guess %", Align::Right)];
        let row = |name: &str, accuracy: f64, blind: f64| {
            [name.to_owned(), format!("{accuracy:.1}"), format!("{blind:.1}")]
        };
        let phrase = |share: &Share| row(&format!("{} phrase", share.name), share.accuracy, share.blind);
        let structure = &self.grammar[0];
        let [accuracy, blind] = [|share: &Share| share.accuracy, |share: &Share| share.blind];
        let grammar = [
            row("structure of the sentence", structure.accuracy, structure.blind),
            row("all classes of the grammar", mean(&self.grammar, accuracy), mean(&self.grammar, blind)),
        ];
        let table = self.phrases.iter().map(phrase).chain(grammar).fold(Table::new(columns), Table::row);
        let examples =
            self.examples.iter().map(|[truth, read]| format!("caption: {truth}\nread:    {read}\n"));
        format!("{table}\n{}\n{}", self.attribute_table(), examples.collect::<String>())
    }

    fn attribute_table(&self) -> Table {
        let names = self.read.columns().map(|(name, _)| (name, Align::Right));
        let table = Table::new([("attributes from", Align::Left)].into_iter().chain(names));
        let rows =
            [("phrases read", &self.read), ("true phrases", &self.caption), ("attribute head", &self.head)];
        rows.into_iter().fold(table, |table, (name, errors)| {
            let values = errors.columns().map(|(_, value)| format!("{value:.2}"));
            table.row([name.to_owned()].into_iter().chain(values))
        })
    }
}

fn score_of(share: &Share) -> String {
    format!("right.{}", share.name)
}

fn mean(shares: &[Share], value: fn(&Share) -> f64) -> f64 {
    shares.iter().map(value).sum::<f64>() / shares.len() as f64
}
