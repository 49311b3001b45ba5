//! Uniform distributions on linear and log scales.

use super::{
    super::{
        domain::Domain,
        numbers::{Lattice, Numbers, Prior},
        reading::is_whole,
    },
    Result, Spec, power,
};
use umwelt_settings::NumberKind;

const WORDS: [&str; 6] = ["min", "max", "log", "int", "step", "q"];

impl Spec<'_> {
    /// The domain of a uniform distribution; `name` is empty if only `min` and `max` imply it.
    pub(super) fn uniform(&self, name: &str) -> Result<Domain> {
        self.only(&WORDS, if name.is_empty() { "min and max" } else { "this distribution" })?;
        let log = name.contains("log") || self.switch("log")?.unwrap_or(false);
        let (low, high) = self.ends(name, log)?;
        let lattice = self.lattice(name, low)?;
        let whole = lattice.is_some_and(Lattice::is_whole);
        let numbers = Numbers { prior: Prior::Uniform { low, high }, log, lattice, whole };
        self.check_lattice(name, &numbers, (low, high))?;
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
        let (low, high) = match name.trim_start_matches("q_") {
            "log_uniform" => (self.power("min", min, name)?, self.power("max", max, name)?),
            "inv_log_uniform" => {
                let largest = self.power("min", -min, name)?;
                (self.power("max", -max, name)?, largest)
            }
            _ if log && min <= 0.0 => {
                return Err(self.wrong("min", format!("must be above 0 on a log scale, but is {min}")));
            }
            _ => (min, max),
        };
        match high - low {
            range if range.is_finite() => Ok((low, high)),
            _ => Err(self.wrong("max", format!("is too far from min, {min:?}: the range is infinite"))),
        }
    }

    /// `e^exponent`, for an end that W&B's files give as an exponent.
    fn power(&self, word: &str, exponent: f64, name: &str) -> Result<f64> {
        power(exponent).map_err(|what| {
            let message = format!(
                "is an exponent in {name}, and e to the power of {exponent} is {what}; {name}_values takes the \
                 values themselves"
            );
            self.wrong(word, message)
        })
    }

    fn lattice(&self, name: &str, low: f64) -> Result<Option<Lattice>> {
        let step = self.positive("step")?;
        if let Some(step) = self.quantum(name)? {
            return Ok(Some(Lattice { anchor: 0.0, step }));
        }
        if !self.draws_whole(name, step)? {
            return Ok(step.map(|step| Lattice { anchor: low, step }));
        }
        let exponents = name.ends_with("log_uniform");
        let words = if exponents { &["step"][..] } else { &["min", "max", "step"] };
        for word in words {
            if let Some(value) = self.number(word)?.filter(|value| value.fract() != 0.0) {
                return Err(self.not_whole(word, value));
            }
        }
        let anchor = if exponents { 0.0 } else { low };
        Ok(Some(Lattice { anchor, step: step.unwrap_or(1.0) }))
    }

    /// True if only whole numbers are drawn, by the setting's type and `int`. If the type is
    /// unknown, the spelling of the ends decides.
    fn draws_whole(&self, name: &str, step: Option<f64>) -> Result<bool> {
        let int = self.switch("int")?;
        if self.takes_whole() {
            return match int {
                Some(false) => {
                    Err(self.wrong("int", "must not be false: the setting takes whole numbers only"))
                }
                _ => Ok(true),
            };
        }
        let written_whole = || ["min", "max"].iter().all(|word| self.get(word).is_some_and(is_whole));
        let steps_whole = step.is_none_or(|step| step.fract() == 0.0);
        let known = self.kind == Some(NumberKind::Real);
        let guessed = !known && name.is_empty() && written_whole() && steps_whole;
        Ok(int.unwrap_or(name == "int_uniform" || guessed))
    }

    /// Refuses a step that leaves no value between the ends, or too many to count.
    fn check_lattice(&self, name: &str, numbers: &Numbers, (low, high): (f64, f64)) -> Result<()> {
        let Some(Lattice { step, .. }) = numbers.lattice else { return Ok(()) };
        let word = if self.get("step").is_some() && self.get("q").is_none() { "step" } else { "q" };
        if !(low / step).is_finite() || !(high / step).is_finite() {
            return Err(self.wrong(word, format!("is too small for numbers up to {high:?}: it is {step:?}")));
        }
        let (first, last) = numbers.ends();
        // A setting that takes whole numbers only has an implied step of 1.
        let chosen = self.get(word).is_some() || name.starts_with("q_");
        if numbers.count() == Some(0) {
            return Err(if chosen {
                self.wrong(word, "has no multiple between min and max")
            } else {
                self.wrong("max", "leaves no whole number above min")
            });
        }
        if !(first.is_finite() && last.is_finite()) {
            return Err(self.wrong(
                "max",
                format!("is too large: half a step of {step:?} above it exceeds all numbers"),
            ));
        }
        if chosen && step > high - low {
            let range = high - low;
            return Err(self.wrong(word, format!("must be at most max - min, {range}, but is {step}")));
        }
        Ok(())
    }
}
