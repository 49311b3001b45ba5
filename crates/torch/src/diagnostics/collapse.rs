//! The watch on collapse: codes that use few directions, or are constant in time.

use tch::{Kind, Tensor};

use super::lidar::lidar;
use super::rank::rank_me;
use super::slowness::slow_feature_ratio;

/// Frames of each sequence that ranks are computed from: more would cost more and say the same.
const RANKED_FRAMES: i64 = 8;

/// What [`collapse`] calls its numbers.
pub const NAMES: [&str; 3] = ["slow_feature_ratio", "rankme", "lidar"];

/// The slow-feature ratio of all encodings `[T, B, D]`, and RankMe and LiDAR of up to eight frames, evenly spread. In
/// float64: what float32 rounds would count as directions in use.
pub fn collapse(encodings: &Tensor) -> [(&'static str, Tensor); 3] {
    let ranked = evenly_spread(encodings).to_kind(Kind::Double);
    let [slow, rank, classes] = NAMES;
    [(slow, slow_feature_ratio(encodings)), (rank, rank_me(&ranked.flatten(0, 1))), (classes, lidar(&ranked))]
}

fn evenly_spread(encodings: &Tensor) -> Tensor {
    let frames = encodings.size()[0];
    let count = frames.min(RANKED_FRAMES);
    let chosen: Vec<i64> = (0..count).map(|i| i * (frames - 1) / (count - 1).max(1)).collect();
    encodings.index_select(0, &Tensor::from_slice(&chosen).to_device(encodings.device()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranked_frames_reach_from_the_first_to_the_last() {
        let chosen = |frames: i64| {
            let x = Tensor::arange(frames, (Kind::Float, tch::Device::Cpu)).view([-1, 1, 1]);
            Vec::<f32>::try_from(evenly_spread(&x).flatten(0, -1)).unwrap()
        };
        assert_eq!(chosen(2), [0.0, 1.0]);
        assert_eq!(chosen(17), [0.0, 2.0, 4.0, 6.0, 9.0, 11.0, 13.0, 16.0]);
    }
}
