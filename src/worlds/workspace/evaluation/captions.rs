//! Agreement of predicted captions with the shapes that they are about.

use super::score_table::Column;
use crate::worlds::workspace::data::Shape;
use crate::worlds::workspace::data::captions::{Choices, Phrases};

/// The columns of caption scores.
pub const COLUMNS: [Column; 5] = [
    Column::percent("shape_word", "shape %"),
    Column::percent("size_word", "size %"),
    Column::percent("colour_name", "colour %"),
    Column::percent("rotation_label", "rotation %"),
    Column::percent("location_cell", "location %"),
];

/// The shares, in percent, of captions whose phrase for each of [`COLUMNS`] is true of its shape.
/// A rotation is also true if it is a neighbour of the true one at the caption's resolution.
pub fn agreement(shapes: &[Shape], said: &[Phrases]) -> Vec<f64> {
    let mut counts = [0usize; COLUMNS.len()];
    for (shape, said) in shapes.iter().zip(said) {
        counts.iter_mut().zip(agrees(shape, said)).for_each(|(count, agrees)| *count += usize::from(agrees));
    }
    counts.map(|count| 100.0 * count as f64 / said.len() as f64).to_vec()
}

fn agrees(shape: &Shape, said: &Phrases) -> [bool; COLUMNS.len()] {
    let truth = Phrases::of(shape, &of_same_writers(said));
    let (told, true_values) = (said.attributes(), truth.attributes());
    let turned = (told.rotation - true_values.rotation).to_degrees().rem_euclid(360.0);
    let one_step = 360.0 / f32::from(said.directions());
    [
        told.class == shape.class,
        told.size == true_values.size,
        said.colour == truth.colour,
        turned.min(360.0 - turned) < 1.5 * one_step,
        (told.x, told.y) == (true_values.x, true_values.y),
    ]
}

/// Choices with the writers of `said`.
fn of_same_writers(said: &Phrases) -> Choices {
    let mut choices = Choices::default();
    choices.rotation.writer = said.rotation.writer;
    choices.location.writer = said.location.writer;
    choices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worlds::workspace::data::captions::Phrase;

    #[test]
    fn a_phrase_is_compared_with_that_of_the_true_shape_by_the_same_writer() {
        let shape = Shape { class: 1, x: 16.0, y: 8.0, size: 10.0, rotation: 0.1, ..Shape::default() };
        let truth = Phrases::of(&shape, &Choices::default());
        assert_eq!(agreement(&[shape], &[truth]), [100.0; 5]);
        // Of 16 directions, 0.1 rad is `top`; the neighbours are 1 and 15.
        let turned = |index| Phrases { rotation: Phrase { writer: 3, index }, ..truth };
        let rotations = [0, 1, 15, 2, 14].map(|index| agreement(&[shape], &[turned(index)])[3]);
        assert_eq!(rotations, [100.0, 100.0, 100.0, 0.0, 0.0]);
        let other = Phrases { colour: truth.colour + 1, location: Phrase { writer: 0, index: 48 }, ..truth };
        assert_eq!(agreement(&[shape, shape], &[other, truth]), [100.0, 100.0, 50.0, 100.0, 50.0]);
    }
}
