//! Multi-layer perceptrons in the notation `512-512-256`.

use tch::Tensor;

use super::{BatchNorm, Linear, Mode, Scope};

/// The largest number of features of a layer.
const WIDEST: i64 = 65_536;

/// The layer sizes in a text such as `512-512-256`.
///
/// # Errors
/// When a size is not a whole number above 0, or too large; the error names the allowed range.
pub fn layer_sizes(text: &str) -> Result<Vec<i64>, String> {
    let size = |part: &str| part.trim().parse::<i64>().ok().filter(|size| *size > 0);
    let sizes: Option<Vec<i64>> = text.split('-').map(size).collect();
    let sizes = sizes.ok_or_else(|| format!("`{text}` is no list of layer sizes such as 512-512-512"))?;
    if sizes.iter().any(|size| *size > WIDEST) {
        return Err(format!("`{text}` is no list of layer sizes from 1 to {WIDEST}"));
    }
    Ok(sizes)
}

/// Hidden layers of linear, batch normalisation and ReLU, and a last linear layer.
pub struct Mlp {
    hidden: Vec<(Linear, BatchNorm)>,
    last: Linear,
}

impl Mlp {
    /// An MLP with these layer sizes, from input to output; the last layer has no bias.
    pub fn new(scope: &Scope, sizes: &[i64]) -> Self {
        Self::with_last(scope, sizes, Linear::without_bias)
    }

    /// An MLP with these layer sizes; `last` constructs the last layer.
    pub fn with_last(scope: &Scope, sizes: &[i64], last: fn(&Scope, i64, i64) -> Linear) -> Self {
        let depth = sizes.len() - 2;
        let layer = |l: usize| {
            let linear = Linear::new(&scope.sub(3 * l), sizes[l], sizes[l + 1]);
            (linear, BatchNorm::new(&scope.sub(3 * l + 1), sizes[l + 1]))
        };
        let hidden = (0..depth).map(layer).collect();
        Self { hidden, last: last(&scope.sub(3 * depth), sizes[depth], sizes[depth + 1]) }
    }

    /// `[N, sizes[0]]` -> `[N, last size]`
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Tensor {
        let layer =
            |x: Tensor, (linear, norm): &(Linear, BatchNorm)| norm.forward(&linear.forward(&x), mode).relu();
        self.last.forward(&self.hidden.iter().fold(x.shallow_clone(), layer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_nonsense_is_refused() {
        assert_eq!(layer_sizes("512-64"), Ok(vec![512, 64]));
        assert_eq!(layer_sizes("7"), Ok(vec![7]));
        for bad in ["", "512-", "512--3", "a", "0", "3.5", "512-65537", "1000000000000"] {
            assert!(layer_sizes(bad).is_err(), "{bad}");
        }
    }
}
