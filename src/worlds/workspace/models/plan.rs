//! The rows of a batch that each network computes, and the terms of the losses over them.

use tch::{Device, Tensor};

use super::batch::{Group, LatentBatch, Rows};
use super::losses::{CONTRASTIVE, CYCLES, DEMI_CYCLES, TRANSLATION};
use super::{Coefs, Combine, Domain};

/// The families of losses, in the order of [`Plan::families`].
pub const FAMILIES: [&str; 4] = [TRANSLATION, CONTRASTIVE, DEMI_CYCLES, CYCLES];

/// The families of losses to compute, and the pairs that they leave out.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The coefficients of the families; one of 0 is not computed.
    pub coefs: Coefs,
    pub combine: Combine,
    /// Pairs of domains without a translation term, in both orders.
    pub untranslated: Vec<(usize, usize)>,
    /// The most domains of a group whose pairs are contrasted.
    pub contrasted_up_to: usize,
}

/// A mean over rows of the losses of predictions of the domain `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// From the domain `from`.
    Translation {
        from: usize,
        of: usize,
    },
    DemiCycle {
        of: usize,
    },
    /// By way of the domain `through`.
    Cycle {
        of: usize,
        through: usize,
    },
}

impl Term {
    /// The published name of the term's family.
    pub fn family(self) -> &'static str {
        match self {
            Self::Translation { .. } => TRANSLATION,
            Self::DemiCycle { .. } => DEMI_CYCLES,
            Self::Cycle { .. } => CYCLES,
        }
    }
}

/// Rows of a domain's states.
pub struct Block {
    pub from: usize,
    pub rows: Rows,
}

/// The predictions of one decoder, with one loss for each row and part.
pub struct Predictions {
    /// The states that are decoded, one block behind the other.
    pub blocks: Vec<Block>,
    /// The row of the domain's latents that each prediction is compared with.
    pub targets: Rows,
    /// The weights `[terms, predictions]` of the losses of rows in each term.
    pub weights: Tensor,
    pub terms: Vec<Term>,
}

/// The rows of two domains that show the same items.
pub struct Pair {
    pub domains: (usize, usize),
    pub rows: (Rows, Rows),
}

/// What one training step computes. It is a function of the groups of a batch and of the families.
pub struct Plan {
    groups: Vec<Group>,
    wanted: Wanted,
    /// The first rows of each domain's latents, which are encoded.
    pub encoded: Vec<i64>,
    /// The predictions of each decoder from the states.
    pub direct: Vec<Predictions>,
    /// The predictions of each decoder from the states of predictions of each other domain.
    pub cycles: Vec<Predictions>,
    pub contrasts: Vec<Pair>,
    /// The weights `[families, values]` of the values of all terms in each family.
    pub families: Tensor,
    /// The weights `[values]` of the values of all terms in the total; `None` without terms.
    pub total: Option<Tensor>,
}

impl Plan {
    pub fn new(batch: &LatentBatch, domains: &[Domain], wanted: &Wanted, device: Device) -> Self {
        let planner = Planner { batch, domains: domains.len(), wanted, device };
        let each = || 0..domains.len();
        let cycles: Vec<Predictions> =
            if wanted.cycles() { each().map(|of| planner.cycles(of)).collect() } else { vec![] };
        let direct: Vec<Predictions> = each().map(|of| planner.direct(of)).collect();
        let contrasts = if wanted.coefs.contrastive > 0.0 { planner.contrasts() } else { vec![] };
        let predicted = direct.iter().zip(domains).chain(cycles.iter().zip(domains));
        let predicted = predicted
            .flat_map(|(pass, domain)| pass.terms.iter().map(|term| (term.family(), domain.parts.len())));
        let terms: Vec<(&str, usize)> = predicted.chain(contrasts.iter().map(|_| (CONTRASTIVE, 1))).collect();
        let (families, total) = wanted.weights(&terms, device);
        let encoded = each().map(|domain| planner.encoded(domain)).collect();
        let (groups, wanted) = (batch.groups().to_vec(), wanted.clone());
        Self { groups, wanted, encoded, direct, cycles, contrasts, families, total }
    }

    /// True if this is the plan of such a batch.
    pub fn fits(&self, batch: &LatentBatch, wanted: &Wanted) -> bool {
        self.groups == batch.groups() && self.wanted == *wanted
    }
}

impl Wanted {
    /// True if cycles are computed.
    pub fn cycles(&self) -> bool {
        self.coefs.cycles > 0.0
    }

    fn coefficients(&self) -> [f64; 4] {
        let Coefs { translation, contrastive, demi_cycles, cycles, .. } = self.coefs;
        [translation, contrastive, demi_cycles, cycles]
    }

    /// The weights of all values in the families and in the total, for terms of these families with
    /// these numbers of parts.
    fn weights(&self, terms: &[(&str, usize)], device: Device) -> (Tensor, Option<Tensor>) {
        let count = |family: &str| terms.iter().filter(|(of, _)| *of == family).count();
        let counts = FAMILIES.map(count);
        let present = counts.iter().filter(|count| **count > 0).count();
        let share = if self.combine == Combine::Mean { 1.0 / present.max(1) as f64 } else { 1.0 };
        let of_values = |family: usize| {
            let weight = 1.0 / counts[family].max(1) as f32;
            let term = move |(of, parts): &(&str, usize)| {
                vec![if *of == FAMILIES[family] { weight } else { 0.0 }; *parts]
            };
            terms.iter().flat_map(term).collect::<Vec<f32>>()
        };
        let rows: Vec<f32> = (0..FAMILIES.len()).flat_map(of_values).collect();
        let families = Tensor::from_slice(&rows).view([FAMILIES.len() as i64, -1]);
        let coefs = Tensor::from_slice(&self.coefficients().map(|coefficient| (coefficient * share) as f32));
        let total = (present > 0).then(|| families.tr().mv(&coefs).to_device(device));
        (families.to_device(device), total)
    }
}

struct Planner<'a> {
    batch: &'a LatentBatch,
    domains: usize,
    wanted: &'a Wanted,
    device: Device,
}

/// A term and the predictions that it averages, with the latents that they are compared with.
struct Mean {
    term: Term,
    predictions: Vec<i64>,
}

impl Planner<'_> {
    fn count(&self, domain: usize) -> i64 {
        self.batch.latents(domain).size()[0]
    }

    /// All rows if there are terms of single domains, else those up to the last with a partner.
    fn encoded(&self, domain: usize) -> i64 {
        if self.wanted.coefs.demi_cycles > 0.0 || self.wanted.cycles() {
            return self.count(domain);
        }
        let groups = self.batch.groups().iter().enumerate();
        let partnered = groups.filter(|(_, group)| group.domains.len() > 1 && group.has(domain));
        partnered.map(|(g, group)| self.batch.first_row(domain, g) + group.rows).max().unwrap_or(0)
    }

    /// The rows of two domains that show the same items, in groups of at most `most` domains.
    fn matched(&self, a: usize, b: usize, most: usize) -> (Vec<i64>, Vec<i64>) {
        let groups = self.batch.groups().iter().enumerate();
        let both = groups.filter(|(_, group)| group.has(a) && group.has(b) && group.domains.len() <= most);
        let rows = |domain: usize, g: usize, rows: i64| {
            let first = self.batch.first_row(domain, g);
            first..first + rows
        };
        both.fold((vec![], vec![]), |(mut of_a, mut of_b), (g, group)| {
            of_a.extend(rows(a, g, group.rows));
            of_b.extend(rows(b, g, group.rows));
            (of_a, of_b)
        })
    }

    fn direct(&self, of: usize) -> Predictions {
        let (mut blocks, mut targets, mut means) = (vec![], vec![], vec![]);
        if self.wanted.coefs.demi_cycles > 0.0 && self.count(of) > 0 {
            targets.extend(0..self.count(of));
            means.push(Mean { term: Term::DemiCycle { of }, predictions: targets.clone() });
            blocks.push(Block { from: of, rows: Rows::First(self.count(of)) });
        }
        for from in (0..self.domains).filter(|from| *from != of) {
            let (rows, same) = self.matched(from, of, self.domains);
            let translated = self.wanted.coefs.translation > 0.0
                && !rows.is_empty()
                && !self.wanted.untranslated.contains(&(from, of));
            let first = targets.len() as i64;
            let term = Term::Translation { from, of };
            if self.wanted.cycles() {
                // All states are decoded, and some have a target.
                targets.extend(vec![0; self.count(from) as usize]);
                rows.iter().zip(&same).for_each(|(row, target)| targets[(first + row) as usize] = *target);
                blocks.push(Block { from, rows: Rows::First(self.count(from)) });
                let predictions = rows.iter().map(|row| first + row).collect();
                means.extend(translated.then_some(Mean { term, predictions }));
            } else if translated {
                targets.extend(&same);
                means.push(Mean { term, predictions: (first..targets.len() as i64).collect() });
                blocks.push(Block { from, rows: Rows::new(&rows, self.device) });
            }
        }
        self.predictions(blocks, &targets, &means)
    }

    fn cycles(&self, of: usize) -> Predictions {
        let (count, others) = (self.count(of), (0..self.domains).filter(|through| *through != of));
        let (mut blocks, mut targets, mut means) = (vec![], vec![], vec![]);
        for through in others.filter(|_| count > 0) {
            let first = targets.len() as i64;
            targets.extend(0..count);
            means.push(Mean {
                term: Term::Cycle { of, through },
                predictions: (first..first + count).collect(),
            });
            blocks.push(Block { from: through, rows: Rows::First(count) });
        }
        self.predictions(blocks, &targets, &means)
    }

    fn predictions(&self, blocks: Vec<Block>, targets: &[i64], means: &[Mean]) -> Predictions {
        let mut weights = vec![0f32; means.len() * targets.len()];
        for (row, mean) in weights.chunks_mut(targets.len().max(1)).zip(means) {
            let weight = 1.0 / mean.predictions.len() as f32;
            mean.predictions.iter().for_each(|prediction| row[*prediction as usize] = weight);
        }
        let weights = Tensor::from_slice(&weights).view([means.len() as i64, targets.len() as i64]);
        Predictions {
            blocks,
            targets: Rows::new(targets, self.device),
            weights: weights.to_device(self.device),
            terms: means.iter().map(|mean| mean.term).collect(),
        }
    }

    fn contrasts(&self) -> Vec<Pair> {
        let pairs = (0..self.domains).flat_map(|a| (a + 1..self.domains).map(move |b| (a, b)));
        let rows = pairs.map(|(a, b)| ((a, b), self.matched(a, b, self.wanted.contrasted_up_to)));
        rows.filter(|(_, (a, _))| !a.is_empty())
            .map(|(domains, (a, b))| Pair {
                domains,
                rows: (Rows::new(&a, self.device), Rows::new(&b, self.device)),
            })
            .collect()
    }
}
