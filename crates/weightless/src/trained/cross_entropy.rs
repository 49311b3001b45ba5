//! The cross-entropy of a batch whose logits are sums of groups.

use super::planes::BATCH;

/// Mean loss of a batch, and the gradient of each class's sum of outputs.
#[derive(Clone, Debug)]
pub struct Loss {
    pub mean: f64,
    /// The number of samples whose largest logit is that of their label.
    pub right: usize,
    /// `[classes, BATCH]`; 0 beyond the samples.
    pub sums: Vec<[f32; BATCH]>,
}

/// The mean cross-entropy of the logits `sums / tau` `[classes, BATCH]` of samples with these
/// labels.
pub fn cross_entropy(sums: &[[f32; BATCH]], labels: &[u8], tau: f32) -> Loss {
    let mut loss = Loss { mean: 0.0, right: 0, sums: vec![[0.0; BATCH]; sums.len()] };
    let scale = 1.0 / (labels.len() as f32 * tau);
    for (at, &label) in labels.iter().enumerate() {
        let logits: Vec<f32> = sums.iter().map(|sum| sum[at] / tau).collect();
        let shares = crate::wisard::softmax(&logits);
        for (class, share) in shares.iter().enumerate() {
            let target = if class == usize::from(label) { 1.0 } else { 0.0 };
            loss.sums[class][at] = (share - target) * scale;
        }
        let own = usize::from(label);
        loss.mean -= f64::from(shares[own].max(f32::MIN_POSITIVE).ln()) / labels.len() as f64;
        loss.right += usize::from(logits.iter().all(|logit| *logit <= logits[own]));
    }
    loss
}
