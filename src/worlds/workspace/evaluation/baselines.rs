//! Baselines of predicted latents.

use tch::Tensor;

use super::blind;
use super::known::{KnownItems, Specialist};
use super::nearest::nearest;
use super::passages::Passage;
use super::score_table::BaselineRow;
use super::targets::{Target, of_shapes};
use crate::worlds::workspace::data::Shape;
use crate::worlds::workspace::data::captions::Phrases;
use crate::worlds::workspace::models::Workspace;

/// The data that baselines know.
pub struct Known<'a> {
    pub specialists: &'a [Specialist],
    pub training: &'a KnownItems,
    /// The training items whose latents are known in all domains, `[M]`.
    pub matched: &'a Tensor,
    pub truth: &'a KnownItems,
}

impl Known<'_> {
    /// The baselines of `passages` to the domain `to`, whose latents stand for `target`.
    pub fn of(
        &self,
        workspace: &Workspace,
        target: &Target,
        to: usize,
        passages: &[Passage],
    ) -> Vec<BaselineRow> {
        let keys: Vec<String> = passages.iter().map(|passage| passage.key(workspace)).collect();
        let key_from = |name: &str| format!("{name}_to_{}", workspace.domains()[to].name);
        let row =
            |name: &str, of: &[String], values| BaselineRow { name: name.into(), of: of.to_vec(), values };
        let own = || target.scores(self.specialists, to, self.truth, &self.truth.latents[to]);
        let mut rows = match target {
            Target::Shapes => {
                let captions = of_shapes(self.truth.shapes(), &self.captioned());
                let blind = blind::attribute_scores(self.training.shapes(), self.truth.shapes());
                vec![row("blind", &keys, blind), row("captions", &[key_from("t")], captions)]
            }
            Target::Images(reader) => {
                let shapes = (self.training.shapes(), self.truth.shapes());
                let [mean, black] = blind::pixel_errors(shapes.0, shapes.1, self.matched.device());
                let attributes = reader.map_or(vec![], |_| blind::attribute_scores(shapes.0, shapes.1));
                let unread = vec![f64::NAN; attributes.len()];
                vec![
                    row("blind", &keys, [vec![mean], attributes].concat()),
                    row("black", &keys, [vec![black], unread].concat()),
                    row("autoencoder", &keys, own()),
                ]
            }
            Target::Captions(_) => {
                let choices = &self.training.items.choices;
                let blind = blind::caption_scores(self.training.shapes(), choices, self.truth.shapes());
                let blind = [blind, vec![f64::NAN]].concat();
                vec![row("blind", &keys, blind), row("autoencoder", &keys, own())]
            }
        };
        rows.extend(passages.iter().filter(|passage| passage.translates()).filter_map(|passage| {
            let name = format!("nearest pair of {}", workspace.domains()[passage.from].name);
            Some(row(&name, &[passage.key(workspace)], self.nearest_pair(target, *passage)?))
        }));
        rows
    }

    /// The scores of the answer with the matched item that is nearest in the source's latents.
    fn nearest_pair(&self, target: &Target, Passage { from, to, .. }: Passage) -> Option<Vec<f64>> {
        if self.matched.numel() == 0 {
            return None;
        }
        let matched = |domain: usize| self.training.latents[domain].index_select(0, self.matched);
        let found = nearest(&matched(from), &self.truth.latents[from]);
        Some(target.scores(self.specialists, to, self.truth, &matched(to).index_select(0, &found)))
    }

    /// The best guess of the attributes from the true captions.
    fn captioned(&self) -> Vec<Shape> {
        let items = &self.truth.items;
        let said = items.shapes.iter().zip(&items.choices);
        said.map(|(shape, choices)| Phrases::of(shape, choices).attributes()).collect()
    }
}
