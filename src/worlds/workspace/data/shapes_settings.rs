//! The settings of the data set.

use std::ops::{Range, RangeInclusive};

use serde::{Deserialize, Serialize};

use super::{CLASSES, IMAGE_SIDE, Split};
use crate::settings::check::{InvalidSetting, at_least, at_most, refuse};

/// The largest hue, in half degrees.
pub(super) const MOST_HUE: usize = 180;
/// The upper limit of the items of a split: their labels take 2.4 GB.
const MOST_ITEMS: usize = 100_000_000;
const MOST_UNPAIRED: usize = 1024;
/// The bounds of the hue intervals in `shapes_color_range`: a whole turn beyond the circle.
const HUES: RangeInclusive<i64> = -180..=360;

/// Settings under `shapes`. The names are the published code's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ShapesSettings {
    /// A folder of `umwelt data shapes`, or of the published layout; null generates all items from
    /// the seed.
    pub path: Option<String>,
    /// The source of images: `render` draws them from the labels; `files` reads them from `path`.
    pub images: ImageSource,
    /// Training items.
    pub n_train_examples: usize,
    /// Validation items.
    pub n_val_examples: usize,
    /// Test items.
    pub n_test_examples: usize,
    /// The smallest size in pixels.
    pub min_scale: usize,
    /// The largest size in pixels, which counts as possible. Centres keep a distance of half of it
    /// from the edges of the image.
    pub max_scale: usize,
    /// The smallest lightness, from 0 to 255.
    pub min_lightness: usize,
    /// The largest lightness, which counts as possible.
    pub max_lightness: usize,
    /// The smallest hue in half degrees, from 0 to 180.
    pub min_hue: usize,
    /// The largest hue in half degrees, which counts as possible.
    pub max_hue: usize,
    /// The smallest rotation in degrees, counter-clockwise; 0 points up.
    pub min_rotation: f64,
    /// The upper bound of the rotation in degrees.
    pub max_rotation: f64,
    /// The possible classes (0 diamond, 1 egg, 2 triangle), equally frequent; null for all.
    pub possible_categories: Option<Vec<usize>>,
    /// An interval [low, high) of hues for each class, wrapped modulo 180, in place of `min_hue`
    /// and `max_hue`; null for none. The published value is [[-12, 64], [52, 128], [116, 192]].
    pub shapes_color_range: Option<[[i64; 2]; CLASSES.len()]>,
    /// The count of unpaired numbers of an item, which no image and no caption shows: one is
    /// uniform in [0, 1), several are normal with mean 0 and variance 1.
    pub unpaired_dim: usize,
}

/// The source of the images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageSource {
    /// The renderer draws them from the labels.
    #[default]
    Render,
    /// They are read from the folder `shapes.path`.
    Files,
}

impl Default for ShapesSettings {
    fn default() -> Self {
        Self {
            path: None,
            images: ImageSource::Render,
            n_train_examples: 500_000,
            n_val_examples: 5_000,
            n_test_examples: 5_000,
            min_scale: 7,
            max_scale: 14,
            min_lightness: 46,
            max_lightness: 255,
            min_hue: 0,
            max_hue: MOST_HUE,
            min_rotation: 0.0,
            max_rotation: 360.0,
            possible_categories: None,
            shapes_color_range: None,
            unpaired_dim: 1,
        }
    }
}

impl ShapesSettings {
    /// Refuses values that describe no data set.
    ///
    /// # Errors
    /// The key of the first invalid value, without its section, and the reason.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let items = [
            ("n_train_examples", self.n_train_examples),
            ("n_val_examples", self.n_val_examples),
            ("n_test_examples", self.n_test_examples),
        ];
        at_least(1, &items)?;
        at_most(MOST_ITEMS, &items)?;
        at_least(1, &[("min_scale", self.min_scale), ("unpaired_dim", self.unpaired_dim)])?;
        at_most(MOST_UNPAIRED, &[("unpaired_dim", self.unpaired_dim)])?;
        in_order(("min_scale", self.min_scale), ("max_scale", self.max_scale), IMAGE_SIDE - 1)?;
        let lightness = ("min_lightness", self.min_lightness);
        in_order(lightness, ("max_lightness", self.max_lightness), u8::MAX.into())?;
        in_order(("min_hue", self.min_hue), ("max_hue", self.max_hue), MOST_HUE)?;
        self.check_rotation()?;
        self.check_classes()?;
        match self.images == ImageSource::Files && self.path.is_none() {
            true => refuse("images", "is files, but shapes.path names no folder; set it, or use render"),
            false => Ok(()),
        }
    }

    fn check_rotation(&self) -> Result<(), InvalidSetting> {
        let (low, high) = (self.min_rotation, self.max_rotation);
        if !(0.0..=360.0).contains(&high) {
            return refuse("max_rotation", format!("must be from 0 to 360, but is {high}"));
        }
        if !(0.0..=high).contains(&low) {
            return refuse("min_rotation", format!("must be from 0 to max_rotation ({high}), but is {low}"));
        }
        Ok(())
    }

    fn check_classes(&self) -> Result<(), InvalidSetting> {
        let classes = self.classes();
        let is_valid = |i: usize| classes[i] < CLASSES.len() && !classes[..i].contains(&classes[i]);
        if classes.is_empty() || !(0..classes.len()).all(is_valid) {
            return refuse(
                "possible_categories",
                format!("must be different classes from 0 to 2, but is {classes:?}"),
            );
        }
        let is_interval = |[low, high]: &[i64; 2]| low < high && HUES.contains(low) && HUES.contains(high);
        match self.shapes_color_range.iter().flatten().find(|interval| !is_interval(interval)) {
            Some(interval) => {
                let allowed = "must be intervals [low, high] from -180 to 360 with low < high";
                refuse("shapes_color_range", format!("{allowed}, but one is {interval:?}"))
            }
            None => Ok(()),
        }
    }

    /// The number of items of a split.
    pub fn items(&self, split: Split) -> usize {
        match split {
            Split::Training => self.n_train_examples,
            Split::Validation => self.n_val_examples,
            Split::Test => self.n_test_examples,
        }
    }

    /// The key of [`Self::items`].
    pub(super) fn items_key(split: Split) -> &'static str {
        match split {
            Split::Training => "n_train_examples",
            Split::Validation => "n_val_examples",
            Split::Test => "n_test_examples",
        }
    }

    /// The possible classes.
    pub(super) fn classes(&self) -> Vec<usize> {
        self.possible_categories.clone().unwrap_or_else(|| (0..CLASSES.len()).collect())
    }

    /// The possible coordinates of a centre, in pixels.
    pub(super) fn centres(&self) -> Range<usize> {
        let margin = self.max_scale / 2;
        margin..IMAGE_SIDE - margin
    }
}

/// Checks that low <= high <= `most`.
fn in_order(low: (&str, usize), high: (&str, usize), most: usize) -> Result<(), InvalidSetting> {
    at_most(most, &[high])?;
    if low.1 > high.1 {
        return refuse(low.0, format!("must be {} ({}) or less, but is {}", high.0, high.1, low.1));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut ShapesSettings)) -> Option<InvalidSetting> {
        let mut settings = ShapesSettings::default();
        change(&mut settings);
        settings.check().err()
    }

    #[test]
    fn values_that_describe_no_data_set_are_refused_by_key() {
        let refusals = [
            ("n_val_examples", refused(|s| s.n_val_examples = 0)),
            ("n_train_examples", refused(|s| s.n_train_examples = 100_000_001)),
            ("min_scale", refused(|s| s.min_scale = 0)),
            ("min_scale", refused(|s| s.min_scale = 15)),
            ("max_scale", refused(|s| s.max_scale = 32)),
            ("max_lightness", refused(|s| s.max_lightness = 256)),
            ("min_lightness", refused(|s| (s.min_lightness, s.max_lightness) = (2, 1))),
            ("max_hue", refused(|s| s.max_hue = 181)),
            ("min_rotation", refused(|s| s.min_rotation = f64::NAN)),
            ("min_rotation", refused(|s| (s.min_rotation, s.max_rotation) = (2.0, 1.0))),
            ("max_rotation", refused(|s| s.max_rotation = 360.5)),
            ("possible_categories", refused(|s| s.possible_categories = Some(vec![]))),
            ("possible_categories", refused(|s| s.possible_categories = Some(vec![3]))),
            ("possible_categories", refused(|s| s.possible_categories = Some(vec![1, 1]))),
            ("shapes_color_range", refused(|s| s.shapes_color_range = Some([[0, 9], [9, 9], [9, 18]]))),
            ("shapes_color_range", refused(|s| s.shapes_color_range = Some([[0, 361]; 3]))),
            ("unpaired_dim", refused(|s| s.unpaired_dim = 0)),
            ("images", refused(|s| s.images = ImageSource::Files)),
        ];
        for (key, refusal) in refusals {
            assert_eq!(refusal.expect(key).0, key);
        }
        assert_eq!(refused(|_| ()), None);
        let published = Some([[-12, 64], [52, 128], [116, 192]]);
        assert_eq!(refused(|s| s.shapes_color_range = published), None);
    }

    #[test]
    fn centres_stay_half_of_the_largest_size_from_the_edges() {
        assert_eq!(ShapesSettings::default().centres(), 7..25);
        let largest = ShapesSettings { max_scale: 31, ..Default::default() };
        assert_eq!((largest.centres(), largest.check()), (15..17, Ok(())));
    }
}
