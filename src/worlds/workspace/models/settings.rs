//! The settings of the global workspace.

mod amount;
mod choices;
mod loss_set;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use amount::Amount;
pub use choices::{BatchRule, Combine, ContrastiveGroups, ContrastiveKind, ScheduleKind, SelectionKind};
pub use loss_set::LossSet;

use crate::optim::{Cycle, LrSchedule, OptimizerKind, Recipe};
use crate::settings::check::{
    DEEPEST, InvalidSetting, MOST, WIDEST, at_least, at_most, not_negative, positive, refuse, within,
};

/// Adam's epsilon.
const EPSILON: f64 = 1e-8;
/// The domains that this world makes itself.
pub const DOMAINS: [&str; 3] = ["v", "attr", "t"];

/// Settings under `gw`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GwSettings {
    /// The domains that share the workspace: `v`, `attr`, `t`, or names of `gw.latents`.
    pub domains: Vec<String>,
    /// A run folder or checkpoint of `ShapesVision`; null trains one first.
    pub vision: Option<String>,
    /// A run folder or checkpoint of `ShapesText`; null trains one first.
    pub text: Option<String>,
    /// A run folder or checkpoint of `ShapesAttributes`, with `attr.vae`; null trains one first.
    pub attributes: Option<String>,
    /// Folders with imported latents of domains, by domain: `{split}_latent.npy` `[N, width]`.
    pub latents: Option<BTreeMap<String, String>>,
    /// Numbers in a state of the workspace.
    pub z_size: usize,
    /// Width of hidden layers, by domain.
    pub hidden: BTreeMap<String, usize>,
    /// Hidden layers of an encoder behind its first, by domain.
    pub n_layers_encoder: BTreeMap<String, usize>,
    /// Hidden layers of a decoder that its parts share, behind the first.
    pub n_layers_decoder: usize,
    /// Hidden layers of a decoder that each part has for itself.
    pub n_layers_decoder_head: usize,
    /// The probability that a hidden feature is dropped in training, 0 or more and below 1.
    pub dropout: f64,
    /// Linear encoders and decoders, without hidden layers.
    pub linear: bool,
    /// Items whose latents are known in all domains: a count, or a share of the training items
    /// such as 0.1.
    pub paired: Amount,
    /// The share of the training items of each group of domains (`v,attr: 0.1`); null matches
    /// `gw.paired` items in all domains and gives each domain all items.
    pub alignment: Option<BTreeMap<String, Amount>>,
    /// Published: the share of items that are matched in all domains; replaces `gw.paired`.
    pub prop_labelled_images: Option<f64>,
    /// Published: the share of items that each domain sees.
    pub prop_available_images: Option<f64>,
    /// The seed of the choice of matched items.
    pub alignment_seed: u64,
    /// The rule by which rows of a batch are drawn.
    pub batch: BatchRule,
    /// Rows in a batch.
    pub batch_size: usize,
    /// Training steps.
    pub steps: usize,
    /// The largest learning rate of `schedule: onecycle`.
    pub lr: f64,
    /// The learning rate of encoders with `schedule: published`.
    pub lr_encoders: f64,
    /// The learning rate of decoders with `schedule: published`.
    pub lr_decoders: f64,
    /// Weight decay of AdamW.
    pub weight_decay: f64,
    /// The schedule of the learning rate.
    pub schedule: ScheduleKind,
    /// The families of losses that are trained, such as `tr+cont+dcy+cy`; null trains all with a
    /// coefficient above 0.
    pub losses: Option<LossSet>,
    /// The coefficients of the families of losses.
    pub coefs: Coefs,
    /// The combination of the families: `sum`, or `mean` over families with a coefficient above 0;
    /// null is `mean` with `gw.fusion` and `sum` without.
    pub combine: Option<Combine>,
    /// The contrastive loss.
    pub contrastive: ContrastiveKind,
    /// The groups whose pairs of domains are contrasted.
    pub contrastive_groups: ContrastiveGroups,
    /// Learns the scale of the contrastive cosines, which is 1 / 0.07 at first.
    pub learn_logit_scale: bool,
    /// Broadcasts states that are fused from each subset of the domains of a group.
    pub fusion: bool,
    /// The weights of the domains in a fused state.
    pub selection: SelectionKind,
    /// The temperature of `selection: random`.
    pub temperature: f64,
    /// Features of a key of `selection: attention`.
    pub attention_head_size: usize,
    /// Queries that `selection: attention` makes from a fused state, after the first.
    pub attention_steps: usize,
    /// Epochs after which demi-cycles and cycles are trained too.
    pub unsupervised_after: usize,
    /// Pairs of domains whose translations are scored but not trained.
    pub remove_sync: Vec<[String; 2]>,
    /// Evaluations without a better score after which training stops; null never stops early.
    pub patience: Option<usize>,
}

/// The coefficients of the families of losses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Coefs {
    /// Translations between domains.
    pub translation: f64,
    /// The contrast between states of the same item and of others.
    pub contrastive: f64,
    /// Translations of a domain to itself.
    pub demi_cycles: f64,
    /// Translations to another domain and back.
    pub cycles: f64,
    /// Reconstructions from states fused from several domains, with `gw.fusion`.
    pub fused: f64,
}

impl Default for Coefs {
    fn default() -> Self {
        Self { translation: 1.0, contrastive: 0.1, demi_cycles: 1.0, cycles: 1.0, fused: 1.0 }
    }
}

impl Default for GwSettings {
    fn default() -> Self {
        let by_domain = |values: [usize; 3]| DOMAINS.map(String::from).into_iter().zip(values).collect();
        Self {
            domains: DOMAINS.map(String::from).to_vec(),
            vision: None,
            text: None,
            attributes: None,
            latents: None,
            z_size: 12,
            hidden: by_domain([64, 128, 128]),
            n_layers_encoder: by_domain([2, 1, 2]),
            n_layers_decoder: 0,
            n_layers_decoder_head: 2,
            dropout: 0.0,
            linear: false,
            paired: Amount::Count(5000),
            alignment: None,
            prop_labelled_images: None,
            prop_available_images: None,
            alignment_seed: 0,
            batch: BatchRule::default(),
            batch_size: 512,
            steps: 20_000,
            lr: 5e-3,
            lr_encoders: 1e-4,
            lr_decoders: 3e-4,
            weight_decay: 1e-5,
            schedule: ScheduleKind::default(),
            losses: None,
            coefs: Coefs::default(),
            combine: None,
            contrastive: ContrastiveKind::default(),
            contrastive_groups: ContrastiveGroups::default(),
            learn_logit_scale: false,
            fusion: false,
            selection: SelectionKind::default(),
            temperature: 0.2,
            attention_head_size: 12,
            attention_steps: 1,
            unsupervised_after: 0,
            remove_sync: vec![],
            patience: None,
        }
    }
}

impl GwSettings {
    /// The width of the hidden layers of a domain's networks. A domain without an entry has 128.
    pub fn hidden_of(&self, domain: &str) -> usize {
        self.hidden.get(domain).copied().unwrap_or(128)
    }

    /// The hidden layers of a domain's encoder behind its first. A domain without an entry has 2.
    pub fn encoder_layers_of(&self, domain: &str) -> usize {
        self.n_layers_encoder.get(domain).copied().unwrap_or(2)
    }

    /// True if `domain` is one of ours that this workspace has, and no imported one.
    pub fn makes(&self, domain: &str) -> bool {
        let imported = self.latents.as_ref().is_some_and(|latents| latents.contains_key(domain));
        DOMAINS.contains(&domain) && self.has(domain) && !imported
    }

    /// The coefficients, 0 for families that `gw.losses` leaves out, and for `fused` without
    /// fusion.
    pub fn coefficients(&self) -> Coefs {
        let coefs = self.losses.map_or(self.coefs, |losses| losses.of(self.coefs));
        Coefs { fused: if self.fusion { coefs.fused } else { 0.0 }, ..coefs }
    }

    /// The combination of the families into the total loss.
    pub fn combination(&self) -> Combine {
        self.combine.unwrap_or(if self.fusion { Combine::Mean } else { Combine::Sum })
    }

    /// AdamW under the chosen schedule. With `schedule: published`, the learning rate is that of the
    /// encoders.
    pub fn recipe(&self) -> Recipe {
        Recipe {
            epochs: self.steps,
            optimizer: OptimizerKind::AdamW { epsilon: EPSILON, weight_decay: self.weight_decay },
            lr: match self.schedule {
                ScheduleKind::OneCycle => LrSchedule::Cycle(Cycle::new(self.lr)),
                ScheduleKind::Published => LrSchedule::Constant { lr: self.lr_encoders, decay_epoch: None },
            },
            clip_norm: None,
        }
    }

    /// The factor on the learning rate of the parameters of decoders.
    pub fn lr_factor_of_decoders(&self) -> f64 {
        match self.schedule {
            ScheduleKind::OneCycle => 1.0,
            ScheduleKind::Published => self.lr_decoders / self.lr_encoders,
        }
    }

    /// Refuses values that no workspace can be built or trained with.
    ///
    /// # Errors
    /// The key of the first invalid value, and the reason.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        self.check_domains()?;
        self.check_sizes()?;
        self.check_training()?;
        self.check_shares()?;
        self.check_pairs()?;
        within("coefs", self.check_coefs())
    }

    fn check_domains(&self) -> Result<(), InvalidSetting> {
        if self.domains.is_empty() {
            return refuse("domains", "must name at least one domain");
        }
        for (i, domain) in self.domains.iter().enumerate() {
            if self.domains[..i].contains(domain) {
                return refuse("domains", format!("names `{domain}` twice"));
            }
        }
        let imported: Vec<&str> =
            self.latents.iter().flat_map(|files| files.keys().map(String::as_str)).collect();
        let exists =
            |domain: &&String| DOMAINS.contains(&domain.as_str()) || imported.contains(&domain.as_str());
        match self.domains.iter().find(|domain| !exists(domain)) {
            Some(domain) => {
                let known = DOMAINS.into_iter().chain(imported).collect::<Vec<_>>().join(", ");
                refuse(
                    "domains",
                    format!("there is no domain `{domain}`; domains are {known}, and names of gw.latents"),
                )
            }
            None => Ok(()),
        }
    }

    fn check_sizes(&self) -> Result<(), InvalidSetting> {
        let sizes = [("z_size", self.z_size), ("attention_head_size", self.attention_head_size)];
        at_least(1, &sizes).and_then(|()| at_most(WIDEST, &sizes))?;
        let layers = [
            ("n_layers_decoder", self.n_layers_decoder),
            ("n_layers_decoder_head", self.n_layers_decoder_head),
            ("attention_steps", self.attention_steps),
        ];
        at_most(DEEPEST, &layers)?;
        for (domain, &width) in &self.hidden {
            let width = [(domain.as_str(), width)];
            within("hidden", at_least(1, &width).and_then(|()| at_most(WIDEST, &width)))?;
        }
        for (domain, &layers) in &self.n_layers_encoder {
            within("n_layers_encoder", at_most(DEEPEST, &[(domain.as_str(), layers)]))?;
        }
        Ok(())
    }

    fn check_training(&self) -> Result<(), InvalidSetting> {
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse("dropout", format!("must be 0 or more and below 1, but is {}", self.dropout));
        }
        at_least(2 * self.domains.len(), &[("batch_size", self.batch_size)])?;
        at_least(1, &[("steps", self.steps)])?;
        at_least(1, &[("patience", self.patience.unwrap_or(1))])?;
        let counts = [("steps", self.steps), ("batch_size", self.batch_size)];
        at_most(MOST, &counts)?;
        positive(&[
            ("lr", self.lr),
            ("lr_encoders", self.lr_encoders),
            ("lr_decoders", self.lr_decoders),
            ("temperature", self.temperature),
        ])?;
        not_negative(&[("weight_decay", self.weight_decay)])
    }

    fn check_shares(&self) -> Result<(), InvalidSetting> {
        self.paired.check("paired")?;
        let published = [
            ("prop_labelled_images", self.prop_labelled_images),
            ("prop_available_images", self.prop_available_images),
        ];
        for (key, share) in published {
            let Some(share) = share else { continue };
            Amount::Share(share).check(key)?;
            if self.alignment.is_some() {
                return refuse(key, "cannot be given together with gw.alignment");
            }
        }
        for (group, amount) in self.alignment.iter().flatten() {
            within("alignment", amount.check(group))?;
            if let Some(domain) = group.split(',').find(|domain| !self.has(domain.trim())) {
                let reason = format!("`{domain}` is not among gw.domains ({})", self.domains.join(", "));
                return within("alignment", refuse(group, reason));
            }
        }
        Ok(())
    }

    fn check_pairs(&self) -> Result<(), InvalidSetting> {
        for [a, b] in &self.remove_sync {
            if let Some(domain) = [a, b].into_iter().find(|domain| !self.has(domain)) {
                let reason = format!("`{domain}` is not among gw.domains ({})", self.domains.join(", "));
                return refuse("remove_sync", reason);
            }
            if a == b {
                return refuse("remove_sync", format!("[{a}, {b}] is no pair of two domains"));
            }
        }
        Ok(())
    }

    fn check_coefs(&self) -> Result<(), InvalidSetting> {
        let Coefs { translation, contrastive, demi_cycles, cycles, fused } = self.coefs;
        not_negative(&[
            ("translation", translation),
            ("contrastive", contrastive),
            ("demi_cycles", demi_cycles),
            ("cycles", cycles),
            ("fused", fused),
        ])?;
        match self.coefficients() {
            Coefs { translation: 0.0, contrastive: 0.0, demi_cycles: 0.0, cycles: 0.0, fused: 0.0 } => {
                refuse("translation", "all coefficients of the trained losses are 0; one must be above 0")
            }
            _ => Ok(()),
        }
    }

    fn has(&self, domain: &str) -> bool {
        self.domains.iter().any(|known| known == domain)
    }
}

#[cfg(test)]
mod tests;
