//! Random wires.

use umwelt_base::random::Stream;

use crate::draws::permutation;

/// Random permutations of `width` bits after one another, `count` wires in all: every bit is read
/// as often, to within one. A function of the stream and `layer`.
pub fn permutations(count: usize, width: usize, stream: &Stream, layer: u64) -> Vec<u32> {
    let round = |round: usize| permutation(width, &mut stream.at(&[layer, round as u64]));
    (0..count.div_ceil(width)).flat_map(round).take(count).collect()
}
