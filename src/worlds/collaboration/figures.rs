//! What agents drew.

use anyhow::Result;
use tch::{Device, Tensor};

use crate::charts::{Figure, Frame, FrameGrid, FrameRow, MarkWords};

/// Rows of images `[N, 28, 28]`, the first of them the digits of these labels.
pub fn drawings(title: &str, labels: &[u8], rows: &[(&str, Tensor)]) -> Result<Figure> {
    let frame = |image: Tensor| {
        let pixels = Vec::<f32>::try_from(image.flatten(0, -1).to_device(Device::Cpu))?;
        let nowhere = (f32::NAN, f32::NAN);
        Ok(Frame { pixels, true_xy: nowhere, probed_xy: nowhere, path: vec![] })
    };
    let row = |(label, images): &(&str, Tensor)| {
        let frames = images.unbind(0).into_iter().map(frame).collect::<Result<_>>()?;
        Ok(FrameRow { label: (*label).into(), frames })
    };
    let columns = rows.first().map_or(0, |(_, images)| images.size()[0] as usize);
    FrameGrid {
        title: format!("Test digits, {title}"),
        rows: rows.iter().map(row).collect::<Result<_>>()?,
        column_labels: labels.iter().take(columns).map(|label| format!("a {label}")).collect(),
        words: MarkWords { ring: None, cross: None, path: None },
    }
    .figure()
}
