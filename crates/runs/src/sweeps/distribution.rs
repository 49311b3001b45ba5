//! The distribution of a parameter, in our keys or in those of W&B's sweep files.

mod uniform;

use super::{
    domain::{Domain, choice, choices, weigh},
    gauss,
    numbers::{Lattice, Numbers, Prior},
    reading::{entries, number, text, wrong},
};
use umwelt_settings::{
    Key, Node, NumberKind, Origin, SettingsError, for_unknown_choice, for_unknown_key, from_tree, join,
};

type Result<T> = std::result::Result<T, SettingsError>;

/// The keys of a distribution. A mapping without any of them is a section of settings.
#[rustfmt::skip]
pub(super) const SPEC: [&str; 13] = [
    "values", "value", "probabilities", "distribution", "min", "max", "log", "int", "step", "mu", "sigma", "q", "when",
];

const CHOICES: [&str; 2] = ["values", "probabilities"];
const CONSTANT: [&str; 1] = ["value"];
const NORMAL: [&str; 3] = ["mu", "sigma", "q"];

/// W&B's names of distributions.
#[rustfmt::skip]
const DISTRIBUTIONS: [&str; 16] = [
    "constant", "categorical", "categorical_w_probabilities", "int_uniform", "uniform", "q_uniform",
    "log_uniform", "log_uniform_values", "q_log_uniform", "q_log_uniform_values", "inv_log_uniform",
    "inv_log_uniform_values", "normal", "q_normal", "log_normal", "q_log_normal",
];

struct Spec<'a> {
    entries: &'a [(Key, Node)],
    origin: &'a Origin,
    path: &'a str,
    /// The kind of number that the setting takes, if known.
    kind: Option<NumberKind>,
}

/// Reads a parameter's mapping, except `when`.
pub(super) fn read(node: &Node, path: &str, kind: Option<NumberKind>) -> Result<Domain> {
    let spec = Spec { entries: entries(node, path)?, origin: &node.origin, path, kind };
    spec.check_words()?;
    let name = spec.distribution()?;
    match name.as_str() {
        "constant" => spec.constant(),
        "categorical" | "categorical_w_probabilities" => spec.choices(),
        name if name.ends_with("normal") => spec.normal(name),
        name => spec.uniform(name),
    }
}

/// Refuses keys that have no meaning for a constant.
pub(super) fn check_constant(entries: &[(Key, Node)], path: &str) -> Result<()> {
    let origin = &entries[0].1.origin;
    let spec = Spec { entries, origin, path, kind: None };
    spec.check_words()?;
    spec.only(&CONSTANT, "value")
}

impl Spec<'_> {
    fn get(&self, word: &str) -> Option<&Node> {
        self.entries.iter().find(|(key, _)| key.name == word).map(|(_, node)| node)
    }

    fn path(&self, word: &str) -> String {
        join(self.path, word)
    }

    fn number(&self, word: &str) -> Result<Option<f64>> {
        self.get(word).map(|node| number(node, &self.path(word))).transpose()
    }

    fn wrong(&self, word: &str, message: impl Into<String>) -> SettingsError {
        let origin = self.get(word).map_or(self.origin, |node| &node.origin);
        wrong(origin, &self.path(word), message)
    }

    fn check_words(&self) -> Result<()> {
        let known: Vec<String> = SPEC.iter().map(|word| self.path(word)).collect();
        let unknown = self.entries.iter().find(|(key, _)| !SPEC.contains(&key.name.as_str()));
        unknown.map_or(Ok(()), |(key, _)| {
            let path = self.path(&key.name);
            let hint = for_unknown_key(&path, &known);
            Err(wrong(&key.origin, &path, format!("unknown key; {hint}")))
        })
    }

    fn only(&self, allowed: &[&str], with: &str) -> Result<()> {
        let fits = |word: &str| allowed.contains(&word) || ["when", "distribution"].contains(&word);
        match self.entries.iter().find(|(key, _)| !fits(&key.name)) {
            Some((key, _)) => {
                let message = format!("has no effect with {with}");
                Err(wrong(&key.origin, &self.path(&key.name), message))
            }
            None => Ok(()),
        }
    }

    /// The name of the distribution, given or implied by the other keys; empty for the uniform one.
    fn distribution(&self) -> Result<String> {
        if let Some(node) = self.get("distribution") {
            let name = text(node, &self.path("distribution"))?;
            if !DISTRIBUTIONS.contains(&name.as_str()) {
                let hint = for_unknown_choice(&name, &DISTRIBUTIONS);
                let message = format!("expected one of {}, found `{name}`{hint}", DISTRIBUTIONS.join(", "));
                return Err(self.wrong("distribution", message));
            }
            return Ok(name);
        }
        let has = |word: &str| self.get(word).is_some();
        Ok(if has("value") {
            "constant"
        } else if has("values") || has("probabilities") {
            "categorical"
        } else if has("mu") || has("sigma") {
            "normal"
        } else {
            ""
        }
        .into())
    }

    fn constant(&self) -> Result<Domain> {
        self.only(&CONSTANT, "value")?;
        let node = self.get("value").ok_or_else(|| self.wrong("value", "is missing"))?;
        Ok(Domain::Choices(vec![choice(node, 1.0)]))
    }

    fn choices(&self) -> Result<Domain> {
        self.only(&CHOICES, "values")?;
        let node = self.get("values").ok_or_else(|| self.wrong("values", "is missing"))?;
        let mut choices = choices(node, &self.path("values"))?;
        if let Some(node) = self.get("probabilities") {
            weigh(&mut choices, node, &self.path("probabilities"))?;
        }
        Ok(Domain::Choices(choices))
    }

    fn normal(&self, name: &str) -> Result<Domain> {
        self.only(&NORMAL, &format!("distribution {name}"))?;
        let (mu, sigma) = (self.number("mu")?.unwrap_or(0.0), self.number("sigma")?.unwrap_or(1.0));
        if sigma <= 0.0 {
            return Err(self.wrong("sigma", format!("must be above 0, but is {sigma}")));
        }
        let log = name.contains("log");
        self.check_reach(mu, sigma, log)?;
        let of_ones = self.takes_whole().then_some(1.0);
        let lattice = self.quantum(name)?.or(of_ones).map(|step| Lattice { anchor: 0.0, step });
        let whole = lattice.is_some_and(Lattice::is_whole);
        Ok(Domain::Numbers(Numbers { prior: Prior::Normal { mu, sigma }, log, lattice, whole }))
    }

    /// Refuses a normal distribution with draws that overflow, or that underflow to 0 on a log
    /// scale.
    fn check_reach(&self, mu: f64, sigma: f64, log: bool) -> Result<()> {
        if log && let Err(what) = power(mu) {
            let around = if mu > 0.0 {
                format!("; mu: {:.3} means values around {mu}", mu.ln())
            } else {
                String::new()
            };
            let message =
                format!("is the mean of the logarithm, and e to the power of {mu} is {what}{around}");
            return Err(self.wrong("mu", message));
        }
        for end in [mu - gauss::REACH * sigma, mu + gauss::REACH * sigma] {
            if !end.is_finite() {
                return Err(self.wrong("sigma", "is too large: draws reach beyond all numbers"));
            }
            if log && let Err(what) = power(end) {
                let reached = format!("e to the power of {end}, which is {what}");
                return Err(self.wrong("sigma", format!("is that of the logarithm; draws reach {reached}")));
            }
        }
        Ok(())
    }

    /// W&B's `q`: values are whole multiples of it. `q_` distributions default to 1.
    fn quantum(&self, name: &str) -> Result<Option<f64>> {
        let q = self.positive("q")?;
        match q {
            Some(q) if self.takes_whole() && q.fract() != 0.0 => Err(self.not_whole("q", q)),
            _ => Ok(if name.starts_with("q_") { Some(q.unwrap_or(1.0)) } else { q }),
        }
    }

    fn takes_whole(&self) -> bool {
        self.kind == Some(NumberKind::Whole)
    }

    fn not_whole(&self, word: &str, value: f64) -> SettingsError {
        let why = if self.takes_whole() { ", as the setting is" } else { " with int: true" };
        self.wrong(word, format!("must be a whole number{why}, but is {value}"))
    }

    fn positive(&self, word: &str) -> Result<Option<f64>> {
        match self.number(word)? {
            Some(value) if value <= 0.0 => Err(self.wrong(word, format!("must be above 0, but is {value}"))),
            other => Ok(other),
        }
    }

    fn switch(&self, word: &str) -> Result<Option<bool>> {
        let read = |node| from_tree::<bool>(node).map_err(|error| error.under(&self.path(word)));
        self.get(word).map(read).transpose()
    }
}

/// `e^exponent`, or what it is in place of a number above 0.
fn power(exponent: f64) -> std::result::Result<f64, &'static str> {
    match exponent.exp() {
        0.0 => Err("0"),
        power if power.is_finite() => Ok(power),
        _ => Err("infinite"),
    }
}
