//! Numbers between two ends.

use super::{
    super::{
        domain::Domain,
        numbers::{Lattice, Numbers, Prior},
        reading::is_whole,
    },
    Result, Spec,
};

const WORDS: [&str; 6] = ["min", "max", "log", "int", "step", "q"];

impl Spec<'_> {
    /// `name` is empty where only `min` and `max` call for it.
    pub(super) fn uniform(&self, name: &str) -> Result<Domain> {
        self.only(&WORDS, if name.is_empty() { "min and max" } else { "this distribution" })?;
        let log = name.contains("log") || self.switch("log")?.unwrap_or(false);
        let (low, high) = self.ends(name, log)?;
        let lattice = self.lattice(name, low)?;
        let whole = lattice.is_some_and(Lattice::is_whole);
        let numbers = Numbers { prior: Prior::Uniform { low, high }, log, lattice, whole };
        if numbers.count() == Some(0) {
            return Err(self.wrong("q", "has no multiple between min and max"));
        }
        Ok(Domain::Numbers(numbers))
    }

    fn ends(&self, name: &str, log: bool) -> Result<(f64, f64)> {
        let end = |word: &str| {
            self.number(word)?.ok_or_else(|| self.wrong(word, "is missing; give both min and max"))
        };
        let (min, max) = (end("min")?, end("max")?);
        if min >= max {
            return Err(self.wrong("min", format!("must be below max, {max}, but is {min}")));
        }
        match name.trim_start_matches("q_") {
            "log_uniform" => Ok((min.exp(), max.exp())),
            "inv_log_uniform" => Ok(((-max).exp(), (-min).exp())),
            _ if log && min <= 0.0 => {
                Err(self.wrong("min", format!("must be above 0 on a log scale, but is {min}")))
            }
            _ => Ok((min, max)),
        }
    }

    fn lattice(&self, name: &str, low: f64) -> Result<Option<Lattice>> {
        let step = self.positive("step")?;
        if let Some(step) = self.quantum(name)? {
            return Ok(Some(Lattice { anchor: 0.0, step }));
        }
        let written_whole = ["min", "max"].iter().all(|word| self.get(word).is_some_and(is_whole));
        let steps_whole = step.is_none_or(|step| step.fract() == 0.0);
        let asked = self.switch("int")?;
        let int = asked.unwrap_or(name == "int_uniform" || name.is_empty() && written_whole && steps_whole);
        if !int {
            return Ok(step.map(|step| Lattice { anchor: low, step }));
        }
        for word in ["min", "max", "step"] {
            if let Some(value) = self.number(word)?.filter(|value| value.fract() != 0.0) {
                return Err(
                    self.wrong(word, format!("must be a whole number with int: true, but is {value}"))
                );
            }
        }
        Ok(Some(Lattice { anchor: low, step: step.unwrap_or(1.0) }))
    }
}
