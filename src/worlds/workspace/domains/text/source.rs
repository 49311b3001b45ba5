//! Sentences in the form that the network reads.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ndarray::{Array2, Axis, Ix2};
use rayon::prelude::*;
use tch::{Kind, Tensor};

use super::{NGRAMS, TextEncoder, TextSettings};
use crate::worlds::workspace::data::Split;
use crate::worlds::workspace::data::captions::{TOKENS, caption, encode, ngrams};
use crate::worlds::workspace::domains::Items;

/// The numbers in a vector of n-grams, as many as BERT's.
const NGRAM_WIDTH: usize = 768;

/// The form in which sentences are read.
pub enum SentenceSource {
    Tokens,
    Ngrams,
    /// Imported vectors of the training, validation and test items, `[N, F]` each.
    Vectors([Array2<f32>; 3]),
}

impl SentenceSource {
    /// The source of these settings.
    ///
    /// # Errors
    /// When a file of vectors is missing or has another shape; the error names all three paths.
    pub fn open(settings: &TextSettings) -> Result<Self> {
        match (settings.encoder, settings.features.as_deref()) {
            (TextEncoder::Conv, _) => Ok(Self::Tokens),
            (TextEncoder::Features, Some(NGRAMS)) => Ok(Self::Ngrams),
            (TextEncoder::Features, Some(path)) => Self::read_files(path).context("text.features"),
            (TextEncoder::Features, None) => bail!("text.features: names no vectors"),
        }
    }

    fn read_files(path: &str) -> Result<Self> {
        let paths = paths(Path::new(path))?;
        let missing = || {
            let names = paths.each_ref().map(|path| path.display().to_string());
            format!("there must be the files {}", names.join(", "))
        };
        ensure!(paths.iter().all(|path| path.is_file()), missing());
        let [training, validation, test] = paths.each_ref().map(|path| read(path));
        let all = [training?, validation?, test?];
        let widths = all.each_ref().map(|vectors| vectors.ncols());
        ensure!(
            widths.iter().all(|width| *width == widths[0]),
            "vectors have {widths:?} numbers, not one width"
        );
        Ok(Self::Vectors(all))
    }

    /// The numbers in a row of [`Self::read`].
    pub fn width(&self) -> i64 {
        match self {
            Self::Tokens => TOKENS as i64,
            Self::Ngrams => NGRAM_WIDTH as i64,
            Self::Vectors([training, ..]) => training.ncols() as i64,
        }
    }

    /// The sentences of some items, on the CPU: tokens `[N, 48]`, int64, or vectors `[N, F]`.
    ///
    /// # Errors
    /// When a file has no vector for an item.
    pub fn read(&self, items: &Items, rows: &[usize]) -> Result<Tensor> {
        let count = rows.len() as i64;
        match self {
            Self::Tokens => {
                let tokens: Vec<i64> = tokens(items, rows)?.into_iter().flatten().map(i64::from).collect();
                Ok(Tensor::from_slice(&tokens).view([count, TOKENS as i64]))
            }
            Self::Ngrams => Ok(Tensor::try_from(ngrams(&tokens(items, rows)?, NGRAM_WIDTH))?),
            Self::Vectors(all) => {
                let vectors = &all[split_index(items.split)];
                let beyond = rows.iter().find(|row| **row >= vectors.nrows());
                if let Some(row) = beyond {
                    let (split, count) = (items.split.name(), vectors.nrows());
                    bail!("text.features: the file of {split} has {count} vectors, none for item {row}");
                }
                Ok(Tensor::try_from(vectors.select(Axis(0), rows))?)
            }
        }
    }
}

/// The tokens of the captions of some items.
fn tokens(items: &Items, rows: &[usize]) -> Result<Vec<[u8; TOKENS]>> {
    rows.par_iter().map(|row| encode(&caption(&items.shapes[*row], &items.choices[*row]))).collect()
}

fn split_index(split: Split) -> usize {
    Split::ALL.iter().position(|one| *one == split).expect("all splits are listed")
}

/// The files of `FOLDER/NAME`: `FOLDER/{split}_NAME.npy`.
fn paths(path: &Path) -> Result<[PathBuf; 3]> {
    let name = path.file_name().context("must be FOLDER/NAME")?.to_string_lossy().into_owned();
    Ok(Split::ALL.map(|split| path.with_file_name(format!("{}_{name}.npy", split.name()))))
}

fn read(path: &Path) -> Result<Array2<f32>> {
    let tensor = Tensor::read_npy(path).with_context(|| format!("reading {}", path.display()))?;
    let shape = tensor.size();
    ensure!(shape.len() == 2, "{}: expected vectors [N, F], got the shape {shape:?}", path.display());
    let array: ndarray::ArrayD<f32> = (&tensor.to_kind(Kind::Float)).try_into()?;
    Ok(array.into_dimensionality::<Ix2>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::workspace::data::ShapesSettings;

    fn items(split: Split) -> Items {
        let few = ShapesSettings { n_train_examples: 5, n_val_examples: 4, ..ShapesSettings::default() };
        Items::drawn(&few, 1, split)
    }

    fn settings(features: &str) -> TextSettings {
        TextSettings {
            encoder: TextEncoder::Features,
            features: Some(features.into()),
            ..TextSettings::default()
        }
    }

    #[test]
    fn rows_are_those_of_the_items_in_every_form() {
        let items = items(Split::Training);
        let tokens = SentenceSource::Tokens.read(&items, &[3, 0]).unwrap();
        let expected = encode(&caption(&items.shapes[3], &items.choices[3])).unwrap().map(i64::from);
        assert_eq!(Vec::<i64>::try_from(tokens.get(0)).unwrap(), expected);
        let both = SentenceSource::Ngrams.read(&items, &[3, 0]).unwrap();
        assert_eq!(both.size(), [2, 768]);
        assert_eq!(both.get(1), SentenceSource::Ngrams.read(&items, &[0]).unwrap().get(0));
    }

    #[test]
    fn vectors_are_read_from_three_files_and_what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bert").display().to_string();
        let error = format!("{:#}", SentenceSource::open(&settings(&path)).err().unwrap());
        assert!(["train_bert.npy", "val_bert.npy", "test_bert.npy"].iter().all(|name| error.contains(name)));
        for (split, count) in [("train", 5), ("val", 3), ("test", 1)] {
            let vectors = Tensor::arange(count * 2, (Kind::Float, tch::Device::Cpu)).view([count, 2]);
            vectors.write_npy(folder.path().join(format!("{split}_bert.npy"))).unwrap();
        }
        let source = SentenceSource::open(&settings(&path)).unwrap();
        assert_eq!(source.width(), 2);
        let rows = source.read(&items(Split::Training), &[4, 1]).unwrap();
        assert_eq!(rows, Tensor::from_slice2(&[[8f32, 9.0], [2.0, 3.0]]));
        let error = source.read(&items(Split::Validation), &[3]).unwrap_err().to_string();
        assert_eq!(error, "text.features: the file of val has 3 vectors, none for item 3");
    }
}
