//! The colours and images of shapes, compared with recorded ones, and the files of the data set.

use ndarray::Axis;
use tch::Tensor;
use umwelt::worlds::workspace::data::{IMAGE_BYTES, Shape, render_array, rgb_of_hls};

use crate::common::recorded::Recorded;

fn bytes(tensor: &Tensor) -> Vec<u8> {
    tensor.flatten(0, -1).try_into().unwrap()
}

#[test]
fn recorded_colours_are_exact() {
    let recorded = Recorded::load("gw_colour");
    let [hls, rgb] = ["input.hls", "expect.rgb"].map(|name| bytes(&recorded.tensors[name]));
    let converted: Vec<u8> = hls.as_chunks().0.iter().flat_map(|hls| rgb_of_hls(*hls)).collect();
    assert_eq!((converted.len(), converted == rgb), (3 * 4096, true));
}

/// The tolerance of the specification: of 255, polygons at most 6 and .05 on average, eggs 26 and
/// .6. The recorded rasteriser draws curves coarsely.
#[test]
fn recorded_images_are_met_within_the_tolerance() {
    let recorded = Recorded::load("gw_shapes_render");
    let labels: Vec<f32> = recorded.tensors["input.labels"].flatten(0, -1).try_into().unwrap();
    let shapes: Vec<Shape> = labels.chunks(12).map(Shape::of_row).collect();
    let expected = bytes(&recorded.tensors["expect.images"]);
    let images = render_array(&shapes);
    assert_eq!((shapes.len(), images.len()), (32, expected.len()));
    for (is_egg, largest, mean) in [(false, 6, 0.05), (true, 26, 0.6)] {
        let of_kind = (0..32).filter(|i| (shapes[*i].class == 1) == is_egg);
        let differences = of_kind.flat_map(|i| {
            let ours = images.index_axis(Axis(0), i).into_iter();
            ours.zip(&expected[IMAGE_BYTES * i..]).map(|(ours, theirs)| ours.abs_diff(*theirs))
        });
        let differences: Vec<u8> = differences.collect();
        let sum: f64 = differences.iter().copied().map(f64::from).sum();
        let found = (differences.iter().max().unwrap(), sum / differences.len() as f64);
        assert!(*found.0 <= largest && found.1 < mean, "{found:?}");
    }
}
