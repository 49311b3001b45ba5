//! Images cut into vertical strips, one for each agent.

use tch::{Kind, Tensor};

use crate::datasets::IMAGE_SIZE;

const SIDE: i64 = IMAGE_SIZE as i64;
pub const PIXELS: i64 = SIDE * SIDE;

/// images `[B, 28, 28]` -> strips from left to right `[B, S, P]` with P = 784 / S pixels, row by
/// row
pub fn strips(images: &Tensor, count: i64) -> Tensor {
    images.view([-1, SIDE, count, SIDE / count]).transpose(1, 2).flatten(2, 3)
}

/// strips `[B, S, P]` -> targets `[B, A, (S-1) P]` of A agents: all strips but that of the agent's
/// place
pub fn targets(strips: &Tensor, agents: i64) -> Tensor {
    let of_agent = |i| others(strips, i).flatten(1, 2);
    Tensor::stack(&(0..agents).map(of_agent).collect::<Vec<_>>(), 1)
}

/// reconstructions of A agents `[B, A, (S-1) P]` -> images `[B, 28, 28]`
///
/// Each strip is the mean of its reconstructions; a strip that no agent reconstructs is taken from
/// `strips` `[B, S, P]`.
pub fn whole(drawn: &Tensor, strips: &Tensor) -> Tensor {
    let (batch, count, pixels) = strips.size3().expect("strips are [B, S, P]");
    let agents = drawn.size()[1];
    let drawn = drawn.view([batch, agents, count - 1, pixels]);
    let by = |agent: i64, strip: i64| drawn.select(1, agent).select(1, strip - i64::from(strip > agent));
    let strip = |strip: i64| {
        let all: Vec<Tensor> =
            (0..agents).filter(|agent| *agent != strip).map(|agent| by(agent, strip)).collect();
        if all.is_empty() {
            return strips.select(1, strip);
        }
        Tensor::stack(&all, 0).mean_dim([0].as_slice(), false, Kind::Float)
    };
    joined(&Tensor::stack(&(0..count).map(strip).collect::<Vec<_>>(), 1))
}

/// The images `[B, 28, 28]` that agent `agent` completes: its own strip `[B, P]`, and its
/// reconstruction `[B, (S-1) P]` of the others.
pub fn completed(drawn: &Tensor, own: &Tensor, agent: i64) -> Tensor {
    let (batch, pixels) = own.size2().expect("a strip is [B, P]");
    let drawn = drawn.view([batch, -1, pixels]);
    let (left, right) = (drawn.narrow(1, 0, agent), drawn.narrow(1, agent, drawn.size()[1] - agent));
    joined(&Tensor::cat(&[left, own.unsqueeze(1), right], 1))
}

/// strips from left to right `[B, S, P]` -> images `[B, 28, 28]`
fn joined(strips: &Tensor) -> Tensor {
    let (batch, count, _) = strips.size3().expect("strips are [B, S, P]");
    strips.view([batch, count, SIDE, SIDE / count]).transpose(1, 2).reshape([batch, SIDE, SIDE])
}

/// reconstructions and targets `[.., B, A, Q]` -> mean squared errors of each agent `[.., A]`
pub fn squared_errors(drawn: &Tensor, targets: &Tensor) -> Tensor {
    (drawn - targets).square().mean_dim([-3, -1].as_slice(), false, Kind::Float)
}

/// `[B, A, ..]` -> `[B, A-1, ..]`, without entry `one` of A
pub fn others(all: &Tensor, one: i64) -> Tensor {
    let count = all.size()[1];
    Tensor::cat(&[all.narrow(1, 0, one), all.narrow(1, one + 1, count - one - 1)], 1)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    fn images() -> Tensor {
        Tensor::arange(3 * PIXELS, (Kind::Float, Device::Cpu)).view([3, SIDE, SIDE])
    }

    #[test]
    fn a_strip_holds_its_columns_row_by_row() {
        for count in [2, 4, 7, 14] {
            let (images, width) = (images(), SIDE / count);
            let strips = strips(&images, count);
            for strip in 0..count {
                let columns = images.narrow(2, strip * width, width).reshape([3, -1]);
                assert_eq!(strips.select(1, strip), columns, "{count}");
            }
        }
    }

    #[test]
    fn an_agent_is_to_draw_what_is_not_at_its_place() {
        let strips = strips(&images(), 4);
        let targets = targets(&strips, 4);
        let expected = Tensor::cat(&[0, 1, 3].map(|s| strips.select(1, s)), 1);
        assert_eq!(targets.select(1, 2), expected);
    }

    #[test]
    fn drawings_of_the_targets_make_the_images_again() {
        let images = images();
        for (count, agents) in [(2, 2), (2, 1), (7, 7)] {
            let strips = strips(&images, count);
            let gap = whole(&targets(&strips, agents), &strips) - &images;
            assert!(gap.abs().max().double_value(&[]) < 1e-3, "{count}");
        }
    }

    #[test]
    fn an_agent_completes_an_image_around_its_own_strip() {
        let images = images();
        let strips = strips(&images, 4);
        let drawn = targets(&strips, 4);
        for agent in 0..4 {
            assert_eq!(
                completed(&drawn.select(1, agent), &strips.select(1, agent), agent),
                images,
                "{agent}"
            );
        }
        let blank = completed(&drawn.select(1, 2).zeros_like(), &strips.select(1, 2), 2);
        let expected = images.zeros_like();
        expected.narrow(2, 14, 7).copy_(&images.narrow(2, 14, 7));
        assert_eq!(blank, expected);
    }

    #[test]
    fn errors_are_each_agents_own() {
        let drawn = Tensor::zeros([2, 2, 3], (Kind::Float, Device::Cpu));
        let targets =
            Tensor::from_slice(&[1.0f32, 1., 1., 2., 0., 0., 1., 1., 1., 0., 0., 2.]).view([2, 2, 3]);
        let errors = Vec::<f64>::try_from(squared_errors(&drawn, &targets).to_kind(Kind::Double)).unwrap();
        assert!((errors[0] - 1.0).abs() < 1e-6 && (errors[1] - 8.0 / 6.0).abs() < 1e-6);
    }
}
