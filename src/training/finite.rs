//! Checkpoints that are worth going on from.

use anyhow::{Result, bail};
use tch::{Device, Tensor};

use crate::runs::Checkpoint;

/// Refuses a checkpoint that holds NaN or an infinity, before it takes the place of a good one.
///
/// # Errors
/// Names the first such tensor and the step.
pub fn check_finite(checkpoint: &Checkpoint) -> Result<()> {
    // Pending rows are on the CPU, the rest where it is computed.
    let finite = |tensor: &Tensor| tensor.isfinite().all().to_device(Device::Cpu);
    let finite: Vec<Tensor> = checkpoint.tensors.iter().map(|(_, tensor)| finite(tensor)).collect();
    if finite.is_empty() {
        return Ok(());
    }
    let finite = Vec::<bool>::try_from(Tensor::stack(&finite, 0))?;
    if let Some(broken) = finite.iter().position(|finite| !finite) {
        let (name, step) = (&checkpoint.tensors[broken].0, checkpoint.step);
        bail!(
            "{name} is not finite at step {step}, so no checkpoint was written; a lower learning rate may help"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tensor_that_is_not_finite_is_named() {
        let named = |name: &str, values: &[f32]| (name.to_owned(), Tensor::from_slice(values));
        let good = ("model.a".to_owned(), Tensor::from_slice(&[3i64]));
        let mut checkpoint = Checkpoint { step: 7, tensors: vec![good, named("model.b", &[1.0, f32::MAX])] };
        check_finite(&checkpoint).unwrap();
        checkpoint.tensors.push(named("model.c", &[0.0, f32::INFINITY]));
        checkpoint.tensors.push(named("model.d", &[f32::NAN]));
        assert_eq!(
            check_finite(&checkpoint).unwrap_err().to_string(),
            "model.c is not finite at step 7, so no checkpoint was written; a lower learning rate may help"
        );
        check_finite(&Checkpoint { step: 0, tensors: vec![] }).unwrap();
    }
}
