//! Sentences in the form that the network reads.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rayon::prelude::*;
use tch::Tensor;

use super::{NGRAMS, TextEncoder, TextSettings};
use crate::datasets::npy::{NpyFile, open_table};
use crate::worlds::workspace::data::Split;
use crate::worlds::workspace::data::captions::{TOKENS, caption, encode, ngrams};
use crate::worlds::workspace::domains::Items;

/// The numbers in a vector of n-grams, as many as BERT's.
const NGRAM_WIDTH: usize = 768;

/// The form in which sentences are read.
pub enum SentenceSource {
    Tokens,
    Ngrams,
    /// Files of vectors of the training, validation and test items, `[N, F]` each.
    Vectors([NpyFile<f32>; Split::ALL.len()]),
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
            (TextEncoder::Features, Some(path)) => open_files(Path::new(path)).context("text.features"),
            (TextEncoder::Features, None) => bail!("text.features: names no vectors"),
        }
    }

    /// The numbers in a row of [`Self::read`].
    pub fn width(&self) -> i64 {
        match self {
            Self::Tokens => TOKENS as i64,
            Self::Ngrams => NGRAM_WIDTH as i64,
            Self::Vectors([training, ..]) => training.row_len() as i64,
        }
    }

    /// The sentences of some items, on the CPU: tokens `[N, 48]`, int64, or vectors `[N, F]`.
    ///
    /// # Errors
    /// When a file has no vector for an item, or cannot be read.
    pub fn read(&self, items: &Items, rows: &[usize]) -> Result<Tensor> {
        match self {
            Self::Tokens => {
                let tokens: Vec<i64> = tokens(items, rows)?.into_iter().flatten().map(i64::from).collect();
                Ok(Tensor::from_slice(&tokens).view([-1, TOKENS as i64]))
            }
            Self::Ngrams => Ok(Tensor::try_from(ngrams(&tokens(items, rows)?, NGRAM_WIDTH))?),
            Self::Vectors(files) => {
                let split = items.split.context("text.features: there are no vectors of drawn items")?;
                read_vectors(&files[split as usize], rows)
            }
        }
    }
}

/// The tokens of the captions of some items.
fn tokens(items: &Items, rows: &[usize]) -> Result<Vec<[u8; TOKENS]>> {
    let (shapes, choices) = (&items.shapes, &items.choices);
    rows.par_iter().map(|row| encode(&caption(&shapes[*row], &choices[*row]))).collect()
}

/// The files of `FOLDER/NAME`: `FOLDER/{split}_NAME.npy`.
fn open_files(path: &Path) -> Result<SentenceSource> {
    let name = path.file_name().context("must be FOLDER/NAME")?.to_string_lossy().into_owned();
    let paths = Split::ALL.map(|split| path.with_file_name(format!("{}_{name}.npy", split.name())));
    let listed = || paths.each_ref().map(|path| path.display().to_string()).join(", ");
    ensure!(paths.iter().all(|path: &PathBuf| path.is_file()), "there must be the files {}", listed());
    let [training, validation, test] = paths.each_ref().map(|path| open_table(path));
    let files = [training?, validation?, test?];
    let widths = files.each_ref().map(NpyFile::row_len);
    ensure!(
        widths.iter().all(|width| *width == widths[0]),
        "{} have vectors of {widths:?} numbers",
        listed()
    );
    Ok(SentenceSource::Vectors(files))
}

fn read_vectors(file: &NpyFile<f32>, rows: &[usize]) -> Result<Tensor> {
    let width = file.row_len();
    let mut vectors = vec![0f32; rows.len() * width];
    for (vector, row) in vectors.chunks_mut(width).zip(rows) {
        let (path, count) = (file.path().display(), file.shape()[0]);
        ensure!(*row < count, "text.features: {path} has {count} vectors, none for item {row}");
        file.read_rows(*row..*row + 1, vector)?;
    }
    Ok(Tensor::from_slice(&vectors).view([-1, width as i64]))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tch::Kind;

    use super::*;
    use crate::worlds::workspace::data::{OodSettings, ShapeSet, ShapesSettings};

    fn items(split: Split) -> Items {
        let few = ShapesSettings { n_train_examples: 5, n_val_examples: 4, ..ShapesSettings::default() };
        Items::new(&Arc::new(ShapeSet::new(&few, &OodSettings::default(), 1).unwrap()), 1, split)
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
        assert!(error.ends_with("val_bert.npy has 3 vectors, none for item 3"), "{error}");
    }
}
