//! Diagnostics of collapse: encodings that use few directions, or are constant in time.

use tch::{Kind, Tensor};

use super::lidar::lidar;
use super::rank::rank_me;
use super::slowness::slow_feature_ratio;

/// Frames of each sequence that ranks are computed from; more would cost more and change little.
const RANKED_FRAMES: usize = 8;

/// The names of the numbers of [`collapse`].
pub const NAMES: [&str; 3] = ["slow_feature_ratio", "rankme", "lidar"];

/// The slow-feature ratio of all encodings `[T, B, D]`, and RankMe and LiDAR of up to eight evenly
/// spread frames. Ranks are computed in float64, since float32 rounding errors would count as
/// directions in use.
pub fn collapse(encodings: &Tensor) -> [(&'static str, Tensor); 3] {
    let ranked = ranked_frames(encodings).to_kind(Kind::Double);
    let [slow, rank, classes] = NAMES;
    [(slow, slow_feature_ratio(encodings)), (rank, rank_me(&ranked.flatten(0, 1))), (classes, lidar(&ranked))]
}

/// Up to `count` of the indices from 0 to `n`, evenly spread, with the first and the last.
pub fn evenly_spread(count: usize, n: usize) -> Vec<usize> {
    let count = count.min(n);
    (0..count).map(|i| i * (n - 1) / (count - 1).max(1)).collect()
}

fn ranked_frames(encodings: &Tensor) -> Tensor {
    let frames = encodings.size()[0] as usize;
    let chosen: Vec<i64> = evenly_spread(RANKED_FRAMES, frames).into_iter().map(|t| t as i64).collect();
    encodings.index_select(0, &Tensor::from_slice(&chosen).to_device(encodings.device()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranked_frames_reach_from_the_first_to_the_last() {
        let chosen = |frames: i64| {
            let x = Tensor::arange(frames, (Kind::Float, tch::Device::Cpu)).view([-1, 1, 1]);
            Vec::<f32>::try_from(ranked_frames(&x).flatten(0, -1)).unwrap()
        };
        assert_eq!(chosen(2), [0.0, 1.0]);
        assert_eq!(chosen(17), [0.0, 2.0, 4.0, 6.0, 9.0, 11.0, 13.0, 16.0]);
    }
}
