//! Episodes: the fate of each problem with a channel, a line of a file each.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use umwelt_base::{atomic, jsonl};

use super::gloss::Gloss;
use super::tested::{Tested, pass_at};

/// The fate of a problem.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    pub id: String,
    pub group: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub success: bool,
    /// The text that the receiver read first.
    pub prompt: String,
    /// The plan that the sender wrote.
    pub plan: String,
    /// The tokens that the rows of the message are nearest to.
    pub gloss: Option<Gloss>,
    /// The receiver's turns.
    pub turns: Vec<String>,
    /// The turns of further samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Vec<String>>,
    /// The number of samples that solve the problem.
    pub right_samples: usize,
    /// True if most samples have the right answer, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub majority: Option<bool>,
    /// Positions of the message in the receiver's text.
    pub positions: usize,
    pub bytes: usize,
    /// Steps that the sender took.
    pub sender_steps: usize,
    /// Tokens that the receiver wrote, the mean over samples.
    pub written: f64,
    /// The cross-entropy (nats) of the reference answer, and the number of its positions; both 0
    /// where there is no reference.
    pub nats: f64,
    pub supervised: usize,
    /// Divergence (bits) of the receiver's distributions from those with the message of another
    /// problem.
    pub js_bits: f64,
}

/// The episodes of a channel on a split, by key.
#[derive(Debug, Default)]
pub struct Episodes(BTreeMap<String, Episode>);

impl Episodes {
    /// The episodes of a file; lines that are torn are left out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let lines: Vec<Episode> = jsonl::read(path)?;
        Ok(Self(lines.into_iter().map(|episode| (episode.id.clone(), episode)).collect()))
    }

    /// Writes the episodes of these keys in their order, a line each.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write<'a>(&self, path: &Path, keys: impl Iterator<Item = &'a str>) -> Result<()> {
        let mut lines = String::new();
        for episode in keys.filter_map(|key| self.0.get(key)) {
            lines += &serde_json::to_string(episode)?;
            lines.push('\n');
        }
        atomic::write(path, lines.as_bytes())
    }

    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub fn add(&mut self, episode: Episode) {
        self.0.insert(episode.id.clone(), episode);
    }

    /// The numbers of a channel over the episodes of these keys, of `samples` samples each.
    pub fn tested<'a>(&self, keys: impl Iterator<Item = &'a str>, samples: usize) -> Tested {
        let all: Vec<&Episode> = keys.filter_map(|key| self.0.get(key)).collect();
        let count = all.len().max(1) as f64;
        let mean = |of: &dyn Fn(&Episode) -> f64| all.iter().map(|episode| of(episode)).sum::<f64>() / count;
        let positions: usize = all.iter().map(|episode| episode.supervised).sum();
        let nats: f64 = all.iter().map(|episode| episode.nats * episode.supervised as f64).sum();
        let (mut groups, mut subjects) = (BTreeMap::new(), BTreeMap::new());
        for episode in &all {
            count_in(&mut groups, &episode.group, episode.success);
            episode.subject.iter().for_each(|subject| count_in(&mut subjects, subject, episode.success));
        }
        let votes: Vec<bool> = all.iter().filter_map(|episode| episode.majority).collect();
        let voted = votes.iter().filter(|right| **right).count() as f64 / votes.len().max(1) as f64;
        Tested {
            right: all.iter().map(|episode| episode.success).collect(),
            positions: mean(&|episode| episode.positions as f64),
            bytes: mean(&|episode| episode.bytes as f64),
            sender_steps: mean(&|episode| episode.sender_steps as f64),
            turns: mean(&|episode| episode.turns.len() as f64),
            written: mean(&|episode| episode.written),
            cross_entropy: nats / positions.max(1) as f64,
            js_bits: mean(&|episode| episode.js_bits),
            majority: (!votes.is_empty()).then_some(voted),
            pass: (samples > 1)
                .then(|| [1, samples].map(|k| mean(&|episode| pass_at(k, samples, episode.right_samples)))),
            groups,
            subjects,
        }
    }
}

fn count_in(groups: &mut BTreeMap<String, (usize, usize)>, group: &str, success: bool) {
    let (solved, all) = groups.entry(group.to_owned()).or_default();
    *solved += usize::from(success);
    *all += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(id: &str, success: bool, nats: f64, supervised: usize) -> Episode {
        let subject = Some("algebra".to_owned());
        Episode {
            id: id.into(),
            group: "level 1".into(),
            subject,
            success,
            nats,
            supervised,
            ..Episode::default()
        }
    }

    #[test]
    fn episodes_are_written_in_the_order_of_problems_and_read_again() {
        let at = tempfile::tempdir().unwrap();
        let path = at.path().join("a.jsonl");
        let mut episodes = Episodes::default();
        episodes.add(episode("b", true, 1.0, 3));
        episodes.add(episode("a", false, 2.0, 1));
        episodes.write(&path, ["b", "c", "a"].into_iter()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.find("\"b\"").unwrap() < text.find("\"a\"").unwrap(), "{text}");
        std::fs::write(&path, text + "{\"id\": \"c").unwrap();
        let read = Episodes::read(&path).unwrap();
        assert_eq!((read.has("a"), read.has("c"), read.0), (true, false, episodes.0));
        assert!(Episodes::read(&at.path().join("none")).unwrap().0.is_empty());
    }

    #[test]
    fn means_are_over_problems_and_cross_entropy_over_positions() {
        let mut episodes = Episodes::default();
        episodes.add(Episode { majority: Some(true), right_samples: 3, ..episode("a", true, 1.0, 3) });
        episodes.add(Episode { majority: Some(false), right_samples: 1, ..episode("b", false, 5.0, 1) });
        let tested = episodes.tested(["b", "a"].into_iter(), 4);
        assert_eq!((tested.right.as_slice(), tested.cross_entropy), (&[false, true][..], 2.0));
        assert_eq!(tested.groups["level 1"], (1, 2));
        assert_eq!(tested.subjects["algebra"], (1, 2));
        // 3 of 4 and 1 of 4; each has one at least.
        assert_eq!((tested.majority, tested.pass), (Some(0.5), Some([0.5, 1.0])));
    }
}
