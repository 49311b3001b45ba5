//! Loss terms that are still on the device, read back once per logging interval.

use anyhow::{Result, bail};
use tch::{Device, Kind, Tensor};

use crate::objectives::LossReport;

/// The terms of the steps since the last logged one.
#[derive(Default)]
pub struct Pending {
    names: Vec<&'static str>,
    rows: Vec<Tensor>,
}

impl Pending {
    pub fn push(&mut self, report: &LossReport) {
        self.names = report.names();
        self.rows.push(report.values());
    }

    /// The terms for a checkpoint, `[steps, terms]`, or `None` when nothing is pending.
    pub fn to_tensor(&self) -> Option<Tensor> {
        (!self.rows.is_empty()).then(|| Tensor::stack(&self.rows, 0).to_device(Device::Cpu))
    }

    /// Restores the tensor of [`Self::to_tensor`].
    pub fn restore(&mut self, rows: Option<&Tensor>) {
        self.rows = rows.map_or(vec![], |rows| rows.unbind(0));
    }

    /// # Errors
    /// Names the first term that is not finite, and its step. `step` follows the last pending step.
    pub fn check(&self, step: u64) -> Result<()> {
        let Some(rows) = self.to_tensor() else { return Ok(()) };
        let rows = Vec::<Vec<f32>>::try_from(rows)?;
        let first = step - rows.len() as u64;
        for (at, row) in (first..).zip(&rows) {
            // The total comes first and is not finite either, but a term says more.
            let broken = (1..row.len()).chain([0]).find(|term| !row[*term].is_finite());
            if let Some(term) = broken {
                let name = self.names[term];
                bail!("loss term `{name}` became {} at step {at}; a lower learning rate may help", row[term]);
            }
        }
        Ok(())
    }

    /// The mean of every term over the pending steps that computed it, by name, without terms that
    /// none did. Nothing is pending afterwards.
    pub fn take_means(&mut self) -> Result<Vec<(&'static str, f64)>> {
        let rows = std::mem::take(&mut self.rows);
        let values = Tensor::stack(&rows, 0).to_device(Device::Cpu);
        let computed = LossReport::is_computed(&values).to_kind(Kind::Double);
        let counts = computed.sum_dim_intlist(0, false, Kind::Double);
        let means = (values * computed).sum_dim_intlist(0, false, Kind::Double) / &counts;
        let (means, counts) = (Vec::<f64>::try_from(means)?, Vec::<f64>::try_from(counts)?);
        let means = self.names.iter().copied().zip(means).zip(counts);
        Ok(means.filter(|(_, count)| *count > 0.0).map(|(mean, _)| mean).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(a: f32, b: f32) -> LossReport {
        LossReport::weighted(vec![("a", 1.0, Tensor::from(a)), ("b", 2.0, Tensor::from(b))])
    }

    #[test]
    fn means_are_over_the_pending_steps() {
        let mut pending = Pending::default();
        pending.push(&report(1.0, 2.0));
        pending.push(&report(3.0, 0.0));
        assert_eq!(pending.take_means().unwrap(), [("loss", 4.0), ("a", 2.0), ("b", 1.0)]);
        assert!(pending.to_tensor().is_none());
    }

    #[test]
    fn terms_that_a_step_leaves_out_do_not_count() {
        let alone = |a: f32| LossReport::weighted(vec![("a", 1.0, Tensor::from(a))]).skipping(&["b"]);
        let mut pending = Pending::default();
        pending.push(&alone(5.0).plus(&alone(1.0)));
        pending.push(&report(3.0, 2.0));
        pending.check(2).unwrap();
        assert_eq!(pending.take_means().unwrap(), [("loss", 6.5), ("a", 4.5), ("b", 2.0)]);
        pending.push(&alone(5.0));
        assert_eq!(pending.take_means().unwrap(), [("loss", 5.0), ("a", 5.0)]);
    }

    #[test]
    fn the_broken_term_and_its_step_are_named() {
        let mut pending = Pending::default();
        pending.push(&report(1.0, 2.0));
        pending.push(&report(1.0, f32::NAN));
        pending.push(&report(f32::INFINITY, f32::NAN));
        let error = pending.check(13).unwrap_err().to_string();
        assert_eq!(error, "loss term `b` became NaN at step 11; a lower learning rate may help");
    }
}
