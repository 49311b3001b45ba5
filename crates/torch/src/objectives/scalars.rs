//! Named scalars on the device.

use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// Named scalars, in the order they were added.
#[derive(Default)]
pub struct Scalars {
    names: Vec<String>,
    values: Vec<Tensor>,
}

impl Scalars {
    /// Adds a tensor with one element.
    pub fn push(&mut self, name: impl Into<String>, value: &Tensor) {
        self.names.push(name.into());
        self.values.push(value.detach().to_kind(Kind::Double).view([]));
    }

    /// All scalars, NaN and infinite ones too, by one copy from the device.
    ///
    /// # Errors
    /// When libtorch cannot copy them.
    pub fn read(&self) -> Result<Vec<(String, f64)>> {
        if self.values.is_empty() {
            return Ok(vec![]);
        }
        let values = Vec::<f64>::try_from(Tensor::stack(&self.values, 0).to_device(Device::Cpu))?;
        Ok(self.names.iter().cloned().zip(values).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_their_order_finite_or_not() {
        let mut scalars = Scalars::default();
        assert!(scalars.read().unwrap().is_empty());
        scalars.push("b", &Tensor::from(2.5f32));
        scalars.push("broken", &Tensor::from(f64::NAN));
        scalars.push("a", &Tensor::from_slice(&[3i64]));
        let read = scalars.read().unwrap();
        let names: Vec<&str> = read.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "broken", "a"]);
        assert!(read[0].1 == 2.5 && read[1].1.is_nan() && read[2].1 == 3.0, "{read:?}");
    }
}
