//! The recorded case of a state machine, and a naive loop beside ours.

mod recorded;

use recorded::Recorded;
use umwelt_base::random::{Rng, Stream};
use umwelt_weightless::ao::{
    Ao, AoSettings, Connections, Connector, Example, Firing, Lists, Machine, Past, Shape, State, Vote,
};
use umwelt_weightless::bits::BitSet;

fn rows(bits: &[bool], width: usize) -> Vec<BitSet> {
    bits.chunks(width).map(|row| row.iter().copied().collect()).collect()
}

fn lists(recorded: &Recorded, name: &str) -> Lists {
    let width = recorded.shape(name)[1];
    let all: Vec<u32> = recorded.integers(name).iter().map(|at| *at as u32).collect();
    all.chunks(width).map(<[u32]>::to_vec).collect()
}

#[test]
fn states_outputs_and_votes_are_the_recorded_ones() {
    let recorded = Recorded::load("weightless_ao");
    let (inputs, outputs) = (recorded.size("inputs"), recorded.size("outputs"));
    let (tests, steps) = (recorded.size("tests"), recorded.size("steps"));
    let connections = Connections {
        q_input: lists(&recorded, "param.q_input"),
        q_neighbour: lists(&recorded, "param.q_neighbour"),
        z_input: lists(&recorded, "param.z_input"),
        z_neighbour: lists(&recorded, "param.z_neighbour"),
        z_direct: vec![vec![]; outputs],
    };
    let mut machine = Machine::new(connections, inputs, outputs, Firing::Nearest);
    let stored = |name: &str, width| rows(&recorded.bits(&format!("input.stored_{name}")), width);
    let (input, past_state) = (stored("input", inputs), stored("past_state", inputs));
    let (label, past_output) = (stored("label", outputs), stored("past_output", outputs));
    for at in 0..recorded.size("examples") {
        machine.learn(Example {
            input: input[at].clone(),
            past_state: past_state[at].clone(),
            label: label[at].clone(),
            past_output: past_output[at].clone(),
        });
    }
    let shown = rows(&recorded.bits("input.test"), inputs);
    let first = |name: &str, width| rows(&recorded.bits(name), width);
    let (states, outs) = (first("input.state", inputs), first("input.output", outputs));
    let draws: Vec<f32> = recorded.floats("input.draw").iter().map(|draw| *draw as f32).collect();
    let neurons = inputs + outputs;
    let expected = |name: &str| recorded.integers(&format!("expect.{name}"));
    let [distance, nearest, ones] = ["distance", "nearest", "ones"].map(expected);
    let (state, output, value) = (
        rows(&recorded.bits("expect.state"), inputs),
        rows(&recorded.bits("expect.output"), outputs),
        expected("value"),
    );
    let mut open = 0;
    for test in 0..tests {
        let held = machine.held(&shown[test]);
        let mut current = State { state: states[test].clone(), output: outs[test].clone() };
        for step in 0..steps {
            let at = step * tests + test;
            let votes = machine.step(&held, &mut current, &draws[at * neurons..][..neurons]);
            for (neuron, vote) in votes.iter().enumerate() {
                let ours = (i64::from(vote.distance), i64::from(vote.nearest), i64::from(vote.ones));
                let at = at * neurons + neuron;
                assert_eq!(ours, (distance[at], nearest[at], ones[at]), "step {step}, neuron {neuron}");
                open += usize::from(vote.is_open());
            }
            assert!(current.state == state[at] && current.output == output[at], "step {step} of {test}");
            let bits: Vec<bool> = current.output.iter().collect();
            assert_eq!(umwelt_weightless::bits::label_value(&bits) as i64, value[at]);
        }
    }
    assert!(open > 100, "draws decide {open} votes");
}

/// One step by loops over neurons, examples and connections.
fn naive_step(machine: &Machine, input: &BitSet, current: &State, draws: &[f32]) -> (State, Vec<Vote>) {
    let connections = machine.connections();
    let differing = |list: &[u32], a: &BitSet, b: &BitSet| {
        list.iter().filter(|at| a.get(**at as usize) != b.get(**at as usize)).count() as u16
    };
    let vote = |distance: &dyn Fn(&Example) -> u16, answers: &dyn Fn(&Example) -> bool| {
        let all: Vec<(u16, bool)> = machine.examples().iter().map(|e| (distance(e), answers(e))).collect();
        let least = all.iter().map(|one| one.0).min().unwrap_or(0);
        let nearest: Vec<_> = all.iter().filter(|one| one.0 == least).collect();
        let ones = nearest.iter().filter(|one| one.1).count() as u32;
        Vote { distance: least, nearest: nearest.len() as u32, ones }
    };
    let (inputs, outputs) = machine.neurons();
    let mut votes = vec![];
    for n in 0..inputs {
        let distance = |e: &Example| {
            differing(&connections.q_input[n], input, &e.input)
                + differing(&connections.q_neighbour[n], &current.state, &e.past_state)
        };
        votes.push(vote(&distance, &|e| e.input.get(n)));
    }
    let state: BitSet = votes.iter().zip(draws).map(|(vote, draw)| vote.fires(*draw)).collect();
    for n in 0..outputs {
        let distance = |e: &Example| {
            differing(&connections.z_input[n], &state, &e.input)
                + differing(&connections.z_neighbour[n], &current.output, &e.past_output)
                + differing(&connections.z_direct[n], input, &e.input)
        };
        votes.push(vote(&distance, &|e| e.label.get(n)));
    }
    let output = votes[inputs..].iter().zip(&draws[inputs..]).map(|(vote, draw)| vote.fires(*draw)).collect();
    (State { state, output }, votes)
}

fn noisy(rng: &mut Rng, bits: &BitSet, share: f64) -> BitSet {
    bits.iter().map(|bit| bit != (rng.uniform() < share)).collect()
}

fn random(rng: &mut Rng, count: usize) -> BitSet {
    (0..count).map(|_| rng.uniform() < 0.3).collect()
}

#[test]
fn every_connector_equals_a_naive_loop() {
    let shape = Shape { inputs: 60, channels: 20, outputs: 4 };
    for (connector, parameters) in [
        (Connector::FullConn, vec![]),
        (Connector::ForwardFullConn, vec![]),
        (Connector::ForwardForwardConn, vec![]),
        (Connector::RandConn, vec![30, 20, 50, 4]),
        (Connector::NearestNeighbourConn, vec![1, 1, 5, 4, 1, 9]),
        (Connector::RectangularConn, vec![1, 0, 5, 4, 0]),
    ] {
        let settings = AoSettings { connector, connector_parameters: parameters, ..Default::default() };
        let connections = Connections::new(&settings, shape, 3).unwrap();
        let mut machine = Machine::new(connections, 60, 4, Firing::Nearest);
        let mut rng = Stream::new(4, "t").at(&[]);
        for _ in 0..70 {
            machine.learn(Example {
                input: random(&mut rng, 60),
                past_state: random(&mut rng, 60),
                label: random(&mut rng, 4),
                past_output: random(&mut rng, 4),
            });
        }
        machine.forget(5);
        machine.forget(64);
        assert_eq!(machine.examples().len(), 68);
        for _ in 0..5 {
            let input = noisy(&mut rng, &machine.examples()[9].input.clone(), 0.1);
            let held = machine.held(&input);
            let mut ours = State { state: random(&mut rng, 60), output: random(&mut rng, 4) };
            for _ in 0..4 {
                let draws: Vec<f32> = (0..64).map(|_| rng.uniform() as f32).collect();
                let (expected, votes) = naive_step(&machine, &input, &ours, &draws);
                assert_eq!(machine.step(&held, &mut ours, &draws), votes, "{connector:?}");
                assert_eq!(ours, expected);
            }
        }
    }
}

fn ao(settings: AoSettings) -> Ao {
    Ao::new(settings, 784, 784, 10, 5).unwrap()
}

#[test]
fn an_icon_is_its_own_fixed_point() {
    let mut ao = ao(AoSettings::default());
    let mut rng = Stream::new(6, "t").at(&[]);
    let pictures: Vec<BitSet> = (0..20).map(|_| random(&mut rng, 784)).collect();
    assert_eq!(ao.answer(&pictures[0], 0).0.value, None);
    pictures.iter().enumerate().for_each(|(i, picture)| ao.learn(picture.clone(), (i % 10) as u8));
    assert_eq!((ao.example_bytes(), ao.machine().examples().len()), (20 * 197, 20));
    for (i, picture) in pictures.iter().enumerate() {
        let (answer, recall) = ao.answer(&noisy(&mut rng, picture, 0.1), i as u64);
        assert_eq!(answer.label(), Some(i % 10));
        let settled = recall.settled.expect("no stored pictures are alike");
        assert!(settled <= 4 && recall.states.len() == settled + 1 && answer.settled == Some(settled));
        assert_eq!(recall.states[settled].state, *picture);
        let distances = answer.distances.unwrap();
        assert!((40..130).contains(&distances.answered.unwrap()), "{distances:?}");
        assert!(distances.other.unwrap().1 > 230 && answer.confidence > 0.4);
    }
    assert!(ao.unlearn(&pictures[3], 3) && !ao.unlearn(&pictures[3], 3));
    assert_ne!(ao.answer(&pictures[3], 3).0.label(), Some(3));
    assert_eq!(ao.undo(), Some((pictures[19].clone(), 9)));
}

#[test]
fn exact_firing_guesses_where_nothing_was_seen() {
    let mut ao = ao(AoSettings { firing: Firing::Exact, ..Default::default() });
    let mut rng = Stream::new(7, "t").at(&[]);
    let picture = random(&mut rng, 784);
    ao.learn(picture.clone(), 8);
    let state = State { state: picture.clone(), output: [true, false, false, false].into_iter().collect() };
    let draws = vec![0.4; 788];
    let mut known = state.clone();
    ao.machine().step(&ao.machine().held(&picture), &mut known, &draws);
    assert_eq!(known, state);
    let other = noisy(&mut rng, &picture, 0.5);
    let mut unknown = state;
    let votes = ao.machine().step(&ao.machine().held(&other), &mut unknown, &draws);
    assert!(votes[..784].iter().all(|vote| vote.nearest == 0 && vote.distance > 0));
    assert_eq!(unknown.state.count_ones(), 784);
}

#[test]
fn the_past_of_an_example_is_that_of_the_settings() {
    let settings = AoSettings { past: Past::Sequence, ..Default::default() };
    let mut ao = ao(settings);
    let mut rng = Stream::new(8, "t").at(&[]);
    let pictures: Vec<BitSet> = (0..4).map(|_| random(&mut rng, 784)).collect();
    pictures.iter().enumerate().for_each(|(i, picture)| ao.learn(picture.clone(), i as u8));
    for at in 1..4 {
        let example = &ao.machine().examples()[at];
        assert_eq!((&example.past_state, &example.input), (&pictures[at - 1], &pictures[at]));
    }
    let mut random = self::ao(AoSettings { past: Past::Random, ..Default::default() });
    random.learn(pictures[0].clone(), 1);
    let past = &random.machine().examples()[0].past_state;
    assert!(*past != pictures[0] && (320..470).contains(&past.count_ones()));
}
