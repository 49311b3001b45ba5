//! The figure of reconstructed digits.

use anyhow::Result;
use ndarray::{ArrayD, Ix3};
use tch::{Device, Tensor};

use crate::charts::{Figure, Frame, FrameGrid, FrameRow};

/// A grid with one row for each label and images `[N, 28, 28]`; `labels` name the digits of the
/// columns.
pub fn drawings(title: &str, labels: &[u8], rows: &[(&str, Tensor)]) -> Result<Figure> {
    let frame = |image: Tensor| {
        let pixels: ArrayD<f32> = (&image.unsqueeze(-1).to_device(Device::Cpu)).try_into()?;
        Ok(Frame { pixels: pixels.into_dimensionality::<Ix3>()?, ..Frame::default() })
    };
    let row = |(label, images): &(&str, Tensor)| {
        let frames = images.unbind(0).into_iter().map(frame).collect::<Result<_>>()?;
        Ok(FrameRow { label: (*label).into(), frames, ..FrameRow::default() })
    };
    let columns = rows.first().map_or(0, |(_, images)| images.size()[0] as usize);
    FrameGrid {
        title: format!("Test digits, {title}"),
        rows: rows.iter().map(row).collect::<Result<_>>()?,
        column_labels: labels.iter().take(columns).map(|label| format!("a {label}")).collect(),
        ..FrameGrid::default()
    }
    .figure()
}
