//! The neurons that each neuron reads.

use umwelt_base::random::Stream;

use super::grid::Grid;
use super::settings::{AoSettings, Connector};
use crate::draws::choose;

/// The numbers of neurons and channels of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Neurons of I, and as many of Q.
    pub inputs: usize,
    /// Channels of I and Q. Neuron n is of channel `n % channels`.
    pub channels: usize,
    /// Neurons of Z, which are one channel.
    pub outputs: usize,
}

/// Neurons read by each neuron of one layer.
pub type Lists = Vec<Vec<u32>>;

/// The connections of all neurons.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Connections {
    /// I read by each Q.
    pub q_input: Lists,
    /// Q read by each Q, a step before.
    pub q_neighbour: Lists,
    /// Q read by each Z.
    pub z_input: Lists,
    /// Z read by each Z, a step before.
    pub z_neighbour: Lists,
    /// I read by each Z, where the connector says so.
    pub z_direct: Lists,
}

impl Connections {
    /// The connections of the settings' connector. Random ones are a function of the seed.
    ///
    /// # Errors
    /// When a parameter is missing or out of range; the error names the neurons and their number.
    pub fn new(settings: &AoSettings, shape: Shape, seed: u64) -> Result<Self, String> {
        let given = &settings.connector_parameters[..];
        let Shape { inputs, outputs, .. } = shape;
        let all_z = || vec![all(outputs); outputs];
        let to_z = |z_input| Self {
            z_input,
            z_neighbour: all_z(),
            z_direct: vec![vec![]; outputs],
            ..Self::default()
        };
        let full = || to_z(vec![all(inputs); outputs]);
        let own = || (0..inputs).map(|neuron| channel(neuron, shape)).collect::<Lists>();
        match settings.connector {
            Connector::FullConn => {
                none(given, "full_conn")?;
                Ok(Self {
                    q_input: vec![all(inputs); inputs],
                    q_neighbour: vec![all(inputs); inputs],
                    ..full()
                })
            }
            Connector::ForwardFullConn => {
                none(given, "forward_full_conn")?;
                Ok(Self { q_input: vec![all(inputs); inputs], q_neighbour: own(), ..full() })
            }
            Connector::ForwardForwardConn => {
                none(given, "forward_forward_conn")?;
                Ok(Self { q_input: own(), q_neighbour: own(), ..full() })
            }
            Connector::RandConn => random(given, shape, seed),
            Connector::NearestNeighbourConn | Connector::RectangularConn => {
                let grid = Grid::new(settings.connector, given, shape)?;
                let near: Lists = (0..inputs).map(|neuron| grid.neighbours(neuron)).collect();
                let count = grid.random_q().unwrap_or(inputs);
                let drawn = draw(outputs, count, inputs, "z_input", seed);
                let z_direct = if grid.z_to_i() { drawn.clone() } else { vec![vec![]; outputs] };
                Ok(Self { q_input: near.clone(), q_neighbour: near, z_direct, ..to_z(drawn) })
            }
        }
    }
}

/// All of `count` neurons.
fn all(count: usize) -> Vec<u32> {
    (0..count as u32).collect()
}

/// The neurons of the same channel.
fn channel(neuron: usize, shape: Shape) -> Vec<u32> {
    (neuron % shape.channels..shape.inputs).step_by(shape.channels).map(|other| other as u32).collect()
}

fn none(given: &[usize], name: &str) -> Result<(), String> {
    match given.is_empty() {
        true => Ok(()),
        false => Err(format!("ao.connector_parameters must be [] with {name}, but are {given:?}")),
    }
}

fn random(given: &[usize], shape: Shape, seed: u64) -> Result<Connections, String> {
    let &[a, b, c, d] = given else {
        return Err(format!(
            "ao.connector_parameters must be four numbers with rand_conn (I and Q of Q, Q and Z of Z), but are {given:?}"
        ));
    };
    let Shape { inputs, outputs, .. } = shape;
    for (count, size, set) in [(a, inputs, "I"), (b, inputs, "Q"), (c, inputs, "Q"), (d, outputs, "Z")] {
        if count > size {
            return Err(format!(
                "ao.connector_parameters asks for {count} neurons of {set}, which has {size}"
            ));
        }
    }
    Ok(Connections {
        q_input: draw(inputs, a, inputs, "q_input", seed),
        q_neighbour: draw(inputs, b, inputs, "q_neighbour", seed),
        z_input: draw(outputs, c, inputs, "z_input", seed),
        z_neighbour: draw(outputs, d, outputs, "z_neighbour", seed),
        z_direct: vec![vec![]; outputs],
    })
}

/// For each of `neurons` neurons `count` of `size` others, without replacement, sorted.
fn draw(neurons: usize, count: usize, size: usize, part: &str, seed: u64) -> Lists {
    let stream = Stream::new(seed, &format!("connections/{part}"));
    (0..neurons).map(|neuron| choose(count, size, &mut stream.at(&[neuron as u64]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREY: Shape = Shape { inputs: 24, channels: 6, outputs: 4 };

    fn connect(connector: Connector, parameters: &[usize]) -> Result<Connections, String> {
        let connector_parameters = parameters.to_vec();
        Connections::new(&AoSettings { connector, connector_parameters, ..Default::default() }, GREY, 1)
    }

    #[test]
    fn forward_connectors_read_whole_layers_or_channels() {
        let full = connect(Connector::FullConn, &[]).unwrap();
        assert!(
            full.q_input[5].len() == 24 && full.q_neighbour[5].len() == 24 && full.z_input[3].len() == 24
        );
        let forward = connect(Connector::ForwardFullConn, &[]).unwrap();
        assert_eq!((forward.q_input[7].len(), &forward.q_neighbour[7][..]), (24, &[1, 7, 13, 19][..]));
        let twice = connect(Connector::ForwardForwardConn, &[]).unwrap();
        assert_eq!((&twice.q_input[12][..], twice.z_neighbour[0].len()), (&[0, 6, 12, 18][..], 4));
        assert!(connect(Connector::FullConn, &[1]).unwrap_err().contains("must be [] with full_conn"));
    }

    #[test]
    fn random_connections_are_of_the_given_numbers() {
        let random = connect(Connector::RandConn, &[10, 5, 24, 3]).unwrap();
        assert!(random.q_input.iter().all(|list| list.len() == 10 && list.is_sorted_by(|a, b| a < b)));
        assert!(random.q_neighbour.iter().all(|list| list.len() == 5 && list[4] < 24));
        assert!(
            random.z_input.len() == 4 && random.z_input[0] == all(24) && random.z_neighbour[1].len() == 3
        );
        assert_ne!(random.q_input[0], random.q_input[1]);
        let refused = connect(Connector::RandConn, &[10, 25, 24, 3]).unwrap_err();
        assert_eq!(refused, "ao.connector_parameters asks for 25 neurons of Q, which has 24");
        assert!(connect(Connector::RandConn, &[1]).unwrap_err().contains("must be four numbers"));
    }

    #[test]
    fn grid_connectors_read_near_channels() {
        // Six channels in rows of three: 0 1 2 / 3 4 5.
        let near = connect(Connector::NearestNeighbourConn, &[1, 0, 3, 2, 0]).unwrap();
        let channels = |list: &[u32]| list.iter().map(|n| n % 6).collect::<std::collections::BTreeSet<_>>();
        assert!(channels(&near.q_input[0]).into_iter().eq([0, 1, 3]) && near.q_input[0].len() == 12);
        assert!(channels(&near.q_input[4]).into_iter().eq([1, 3, 4, 5]));
        let diagonal = connect(Connector::NearestNeighbourConn, &[0, 1, 3, 2, 1, 8]).unwrap();
        assert!(channels(&diagonal.q_neighbour[4]).into_iter().eq([0, 2, 4]));
        assert!(diagonal.z_input[0].len() == 8 && diagonal.z_direct == diagonal.z_input);
        let wide = connect(Connector::RectangularConn, &[2, 0, 3, 2, 0]).unwrap();
        assert!(channels(&wide.q_input[3]).into_iter().eq([3, 4, 5]) && wide.z_input[0].len() == 24);
        let refused = connect(Connector::RectangularConn, &[1, 1, 4, 2, 0]).unwrap_err();
        assert!(refused.contains("4 x 2") && refused.contains("6"), "{refused}");
    }
}
