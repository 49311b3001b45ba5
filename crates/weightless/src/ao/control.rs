//! Control neurons: they decide whether something is learnt, not what a neuron answers.

use super::machine::{Example, Machine, State};
use crate::bits::BitSet;

/// A signal to learn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Control {
    /// The right output is this one.
    Label(BitSet),
    /// C+: the last output was good.
    Pleasure,
    /// C-: the last output was bad; its opposite is learnt.
    Pain,
}

/// The last input with the states around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    pub input: BitSet,
    /// The state before the input.
    pub before: State,
    /// The output to it.
    pub output: BitSet,
}

/// A rule of the designer over input and last output that raises a signal.
pub struct Instinct {
    pub name: &'static str,
    pub rule: fn(input: &BitSet, output: &BitSet) -> bool,
    pub raises: Control,
}

impl Control {
    /// The example that a machine learns from this signal after `episode`.
    pub fn example(&self, episode: &Episode) -> Example {
        let label = match self {
            Self::Label(label) => label.clone(),
            Self::Pleasure => episode.output.clone(),
            Self::Pain => episode.output.iter().map(|bit| !bit).collect(),
        };
        let before = episode.before.clone();
        Example { input: episode.input.clone(), past_state: before.state, past_output: before.output, label }
    }
}

/// Lets `machine` learn from the first instinct whose rule holds; returns its name.
pub fn apply(machine: &mut Machine, episode: &Episode, instincts: &[Instinct]) -> Option<&'static str> {
    let raised = instincts.iter().find(|instinct| (instinct.rule)(&episode.input, &episode.output))?;
    machine.learn(raised.raises.example(episode));
    Some(raised.name)
}

#[cfg(test)]
mod tests {
    use umwelt_base::random::Stream;

    use super::super::connections::{Connections, Shape};
    use super::super::settings::{AoSettings, Connector, Firing};
    use super::*;

    /// The public clam: three inputs (food, chemical A, chemical B) and a mouth that opens.
    fn clam() -> Machine {
        let settings =
            AoSettings { connector: Connector::FullConn, connector_parameters: vec![], ..Default::default() };
        let shape = Shape { inputs: 3, channels: 3, outputs: 1 };
        Machine::new(Connections::new(&settings, shape, 0).unwrap(), 3, 1, Firing::Nearest)
    }

    /// Shows an input for three steps from a random state.
    fn show(clam: &Machine, input: [bool; 3], trial: u64) -> Episode {
        let mut rng = Stream::new(1, "clam").at(&[trial]);
        let mut bits = |count| (0..count).map(|_| rng.uniform() < 0.5).collect::<BitSet>();
        let before = State { state: bits(3), output: bits(1) };
        let (input, mut current) = (input.into_iter().collect::<BitSet>(), before.clone());
        let held = clam.held(&input);
        for _ in 0..3 {
            let draws: Vec<f32> = (0..4).map(|_| rng.uniform() as f32).collect();
            clam.step(&held, &mut current, &draws);
        }
        Episode { input, before, output: current.output }
    }

    #[test]
    fn a_clam_learns_to_open_for_food_and_to_stay_closed_without() {
        let food_and_open: fn(&BitSet, &BitSet) -> bool = |input, output| input.get(0) && output.get(0);
        let open_in_vain: fn(&BitSet, &BitSet) -> bool = |input, output| !input.get(0) && output.get(0);
        let instincts = [
            Instinct { name: "food present and mouth open", rule: food_and_open, raises: Control::Pleasure },
            Instinct { name: "open in vain", rule: open_in_vain, raises: Control::Pain },
        ];
        let (food, bait) = ([true, true, false], [false, false, true]);
        let opens =
            |clam: &Machine, input| (900..1000).filter(|t| show(clam, input, *t).output.get(0)).count();
        let mut clam = clam();
        let untaught = [opens(&clam, food), opens(&clam, bait)];
        assert!(untaught.iter().all(|count| (30..70).contains(count)), "{untaught:?}");
        for trial in 0..40 {
            let episode = show(&clam, if trial % 2 == 0 { food } else { bait }, trial);
            let raised = apply(&mut clam, &episode, &instincts);
            assert_eq!(raised.is_some(), episode.output.get(0));
        }
        assert_eq!([opens(&clam, food), opens(&clam, bait)], [100, 0]);
    }

    #[test]
    fn pain_stores_the_opposite_and_a_label_itself() {
        let bits = |values: &[u8]| values.iter().map(|value| *value == 1).collect::<BitSet>();
        let before = State { state: bits(&[1, 0, 1]), output: bits(&[0, 1]) };
        let episode = Episode { input: bits(&[1, 1, 0]), before, output: bits(&[1, 0]) };
        assert_eq!(Control::Pain.example(&episode).label, bits(&[0, 1]));
        assert_eq!(Control::Pleasure.example(&episode).label, bits(&[1, 0]));
        let labelled = Control::Label(bits(&[1, 1])).example(&episode);
        assert_eq!((labelled.label, labelled.input), (bits(&[1, 1]), bits(&[1, 1, 0])));
        assert_eq!((labelled.past_state, labelled.past_output), (bits(&[1, 0, 1]), bits(&[0, 1])));
    }
}
