//! Messages of other tasks, for the contrast with the right ones.

use anyhow::{Result, ensure};
use tch::Tensor;
use umwelt_base::random::Rng;
use umwelt_torch::native;

/// The standard deviation of the noise on repeated rows.
const NOISE: f64 = 0.01;

/// Another sample of the batch for each sample: its neighbour in a random cycle of all.
///
/// # Errors
/// When the batch has a single sample.
pub fn others(batch: usize, rng: &mut Rng) -> Result<Vec<usize>> {
    ensure!(batch >= 2, "the contrast needs a wrong message: take batches of at least 2 samples");
    let mut cycle: Vec<usize> = (0..batch).collect();
    rng.shuffle(&mut cycle);
    let mut others = vec![0; batch];
    (0..batch).for_each(|i| others[cycle[i]] = cycle[(i + 1) % batch]);
    Ok(others)
}

/// Hidden states `[L, d]` cut or repeated to `rows` rows. Repeated rows get a little noise.
///
/// # Errors
/// When the message is empty.
pub fn fitted(hidden: &Tensor, rows: i64, rng: &mut Rng) -> Result<Tensor> {
    let (length, width) = hidden.size2()?;
    ensure!(length > 0, "a message of 0 rows cannot be repeated");
    if rows <= length {
        return Ok(hidden.narrow(0, 0, rows));
    }
    let repeated = hidden.repeat([(rows - 1) / length + 1, 1]).narrow(0, length, rows - length);
    let noise = native::normals(&[rows - length, width], hidden.device(), rng.bits()) * NOISE;
    Ok(Tensor::cat(&[hidden, &(repeated + noise.to_kind(hidden.kind()))], 0))
}

#[cfg(test)]
mod tests {
    use tch::Kind;
    use umwelt_base::random::Stream;

    use super::*;

    #[test]
    fn every_sample_gets_another_one_and_each_is_given_once() {
        for batch in 2..9 {
            for draw in 0..50 {
                let mut given = others(batch, &mut Stream::new(1, "a").at(&[draw])).unwrap();
                assert!(given.iter().enumerate().all(|(sample, other)| sample != *other), "{given:?}");
                given.sort_unstable();
                assert_eq!(given, (0..batch).collect::<Vec<_>>());
            }
        }
        assert!(others(1, &mut Stream::new(1, "a").at(&[])).is_err());
    }

    #[test]
    fn messages_are_cut_or_repeated_with_noise() {
        let hidden = Tensor::arange(600, tch::kind::FLOAT_CPU).view([3, 200]);
        let fitted = |rows| fitted(&hidden, rows, &mut Stream::new(1, "a").at(&[])).unwrap();
        assert_eq!(fitted(2), hidden.narrow(0, 0, 2));
        let long = fitted(8);
        assert_eq!(long.size(), [8, 200]);
        assert_eq!(long.narrow(0, 0, 3), hidden);
        let expected = hidden.repeat([3, 1]).narrow(0, 3, 5);
        let noise = long.narrow(0, 3, 5) - expected;
        assert!((noise.std(true).double_value(&[]) - 0.01).abs() < 0.001);
        assert!(noise.mean(Kind::Float).double_value(&[]).abs() < 0.002);
    }
}
