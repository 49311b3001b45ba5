//! The ticks of an axis: round numbers and their labels.

use super::format::in_steps;

/// A marked value on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub value: f64,
    pub label: String,
}

/// About `target` multiples of 1, 2 or 5 times a power of ten in `low..=high`.
pub fn linear_ticks(low: f64, high: f64, target: usize) -> Vec<Tick> {
    let step = round_step((high - low) / target.max(1) as f64);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let largest = low.abs().max(high.abs());
    let count = ((last - first) as usize + 1).min(1000);
    let values = (0..count).map(|index| (first + index as f64) * step);
    values.map(|value| Tick { value, label: in_steps(value, step, largest) }).collect()
}

/// Powers of ten in `low..=high`, at most about `target` of them; 1, 2 and 5 times them, or 1 and 3
/// times, if there are few.
pub fn log_ticks(low: f64, high: f64, target: usize) -> Vec<Tick> {
    let decades = (low.log10().floor() as i32)..=(high.log10().ceil() as i32);
    let within = |value: &f64| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(value);
    let powers: Vec<f64> = decades.clone().map(|power| 10f64.powi(power)).filter(within).collect();
    let stride = powers.len().div_ceil(target.max(1)).max(1);
    let times = |factors: &[f64]| -> Vec<f64> {
        let of_decade = |power: i32| factors.iter().map(move |factor| factor * 10f64.powi(power));
        decades.clone().flat_map(of_decade).filter(within).collect()
    };
    let candidates = match powers.len() {
        0..3 => vec![times(&[1.0, 2.0, 5.0]), times(&[1.0, 3.0]), powers],
        _ => vec![powers.into_iter().step_by(stride).collect()],
    };
    let fits = |places: &Vec<f64>| (2..=target.max(2)).contains(&places.len());
    let Some(places) = candidates.into_iter().find(fits) else {
        return linear_fallback(low, high, target);
    };
    places.into_iter().map(|value| Tick { value, label: in_steps(value, value, value) }).collect()
}

/// Linear ticks, for a logarithmic axis that is so short that it is nearly linear.
fn linear_fallback(low: f64, high: f64, target: usize) -> Vec<Tick> {
    let ticks = linear_ticks(low, high, target);
    ticks.into_iter().filter(|tick| tick.value > 0.0).collect()
}

/// The least of 1, 2, 5 and 10 times a power of ten that is not below `raw`.
fn round_step(raw: f64) -> f64 {
    let power = 10f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| raw <= factor * power * (1.0 + 1e-9));
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: Vec<Tick>) -> Vec<String> {
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_ticks_are_one_two_five() {
        assert_eq!(labels(linear_ticks(0.0, 16.0, 8)), ["0", "2", "4", "6", "8", "10", "12", "14", "16"]);
        assert_eq!(labels(linear_ticks(0.0, 1560.0, 5)), ["0", "500", "1000", "1500"]);
        assert_eq!(labels(linear_ticks(-0.1, 0.12, 5)), ["−0.10", "−0.05", "0", "0.05", "0.10"]);
        assert_eq!(labels(linear_ticks(0.0, 3e6, 3)), ["0", "1e6", "2e6", "3e6"]);
        assert_eq!(labels(linear_ticks(0.0, 3e-4, 2)), ["0", "2e−4"]);
        assert_eq!(
            labels(linear_ticks(1_000_000.0, 1_000_010.0, 2)),
            ["1.000000e6", "1.000005e6", "1.000010e6"]
        );
    }

    #[test]
    fn log_ticks_are_powers_of_ten_where_there_are_enough() {
        assert_eq!(labels(log_ticks(0.002, 150.0, 8)), ["0.01", "0.1", "1", "10", "100"]);
        assert_eq!(labels(log_ticks(1e-9, 1e-1, 5)), ["1e−9", "1e−7", "1e−5", "0.001", "0.1"]);
        assert_eq!(labels(log_ticks(0.4, 30.0, 8)), ["0.5", "1", "2", "5", "10", "20"]);
        assert_eq!(labels(log_ticks(200.0, 50_000.0, 5)), ["300", "1000", "3000", "10000", "30000"]);
        assert_eq!(labels(log_ticks(200.0, 50_000.0, 4)), ["1000", "10000"]);
        assert_eq!(labels(log_ticks(3.0, 4.0, 5)), ["3.0", "3.2", "3.4", "3.6", "3.8", "4.0"]);
    }
}
