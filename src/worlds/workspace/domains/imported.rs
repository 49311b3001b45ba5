//! Domains whose latents are read from files.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tch::{Device, Tensor};

use super::{Activation, Decoded, Domain, Items, Part, PartLoss};
use crate::datasets::npy;
use crate::worlds::workspace::data::{ShapesSettings, Split};

/// Latents of all items, made elsewhere: `{split}_latent.npy` `[N, width]` of float32.
pub struct ImportedDomain {
    name: String,
    /// The latents of each split, `[N, width]`.
    splits: [Tensor; Split::ALL.len()],
}

impl ImportedDomain {
    /// The domain `name` of the files in `folder`.
    ///
    /// # Errors
    /// A file is missing or damaged, has fewer rows than the split has items, or another width than
    /// that of the training items. The error names the file and the setting.
    pub fn read(name: &str, folder: &Path, shapes: &ShapesSettings, device: Device) -> Result<Self> {
        let key = || format!("gw.latents.{name}");
        let read = |split: Split| {
            let path = folder.join(format!("{}_latent.npy", split.name()));
            let table = npy::open_table::<f32>(&path)?;
            let (rows, items) = (table.shape()[0], shapes.items(split));
            let file = path.display();
            ensure!(rows >= items, "{file} has {rows} rows, but the split has {items} items");
            Ok(Tensor::try_from(npy::table(&table, items)?)?.to_device(device))
        };
        let [training, validation, test] = Split::ALL.map(|split| read(split).with_context(key));
        let splits = [training?, validation?, test?];
        let width = splits[0].size()[1];
        for (split, latents) in Split::ALL.iter().zip(&splits) {
            let found = latents.size()[1];
            ensure!(
                found == width,
                "gw.latents.{name}: {} has {found} numbers a row, the training items have {width}",
                folder.join(format!("{}_latent.npy", split.name())).display()
            );
        }
        Ok(Self { name: name.into(), splits })
    }
}

impl Domain for ImportedDomain {
    fn name(&self) -> &str {
        &self.name
    }

    fn parts(&self) -> Vec<Part> {
        let (activation, loss) = (Activation::Identity, PartLoss::SquaredError);
        vec![Part { name: "z", width: self.splits[0].size()[1], activation, loss }]
    }

    fn encode(&self, items: &Items, picked: Range<usize>) -> Result<Vec<Tensor>> {
        let split = items.split.context("imported latents are those of the items of a split")?;
        let latents = &self.splits[split as usize];
        Ok(vec![latents.narrow(0, picked.start as i64, picked.len() as i64)])
    }

    fn decode(&self, _latents: &[Tensor]) -> Decoded {
        Decoded::Unknown
    }
}
