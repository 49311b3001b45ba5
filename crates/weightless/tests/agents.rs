//! Agents of every kind behind one interface.

mod pictures;

use std::ops::ControlFlow;

use pictures::pictures;
use umwelt_weightless::agent::{Agent, AgentError, AgentSettings, KindSettings, Outcome, Taught};
use umwelt_weightless::ao::AoSettings;
use umwelt_weightless::dwn::DwnSettings;
use umwelt_weightless::logic::{LogicSettings, Wires};
use umwelt_weightless::wisard::{Decision, OrAuto, Store, WisardSettings};
use umwelt_weightless::{Digit, PIXELS, Samples};

fn wisard(decision: Decision, store: Store) -> KindSettings {
    KindSettings::Wisard(WisardSettings { decision, store, replay: 20, ..Default::default() })
}

/// Small agents of every kind.
fn kinds() -> Vec<KindSettings> {
    let dwn = DwnSettings { tables: vec![40], epochs: 1, replay: 20, ..Default::default() };
    let logic = LogicSettings { gates: vec![200, 100], epochs: 1, replay: 20, ..Default::default() };
    vec![
        KindSettings::Ao(AoSettings::default()),
        wisard(Decision::Learnt, Store::Dense),
        wisard(Decision::Bleached, Store::Map),
        wisard(Decision::Adaptive, Store::Bloom),
        KindSettings::Dwn(dwn),
        KindSettings::Logic(LogicSettings { wires: Wires::TopK, ..logic.clone() }),
        KindSettings::Logic(logic),
    ]
}

fn new(kind: KindSettings, samples: &Samples) -> Agent {
    Agent::new("test agent", AgentSettings::new(kind, 7), samples).unwrap()
}

fn train(agent: &mut Agent, samples: &Samples) {
    let mut reports = 0;
    let outcome = agent.train(samples, 2, &mut |_, progress| {
        reports += 1;
        assert!(progress.done <= progress.total);
        ControlFlow::Continue(())
    });
    assert_eq!(outcome, Ok(Outcome::Finished));
    assert!(reports > 0 && agent.course().is_none());
}

struct Data {
    images: Vec<Digit>,
    labels: Vec<u8>,
}

impl Data {
    fn new(count: usize, seed: u64) -> Self {
        let (images, labels) = pictures(count, seed);
        Self { images, labels }
    }

    fn samples(&self) -> Samples<'_> {
        Samples::new(self.images.as_flattened(), &self.labels).unwrap()
    }
}

#[test]
fn every_kind_trains_answers_and_shows_its_layers() {
    let (data, tests) = (Data::new(80, 1), Data::new(40, 2));
    for kind in kinds() {
        let name = format!("{kind:?}");
        let mut agent = new(kind, &data.samples());
        assert_eq!(
            agent.train(&Samples::new(&[], &[]).unwrap(), 1, &mut |_, _| ControlFlow::Continue(())),
            Err(AgentError::NoSamples)
        );
        train(&mut agent, &data.samples());
        assert_eq!(agent.learnt(), [8; 10]);
        let accuracy = agent.accuracy(&tests.samples(), 1);
        assert!(accuracy.right >= 10 && accuracy.answers == 40, "{name}: {accuracy:?}");
        for threads in [2, 3, 64] {
            assert_eq!(
                agent.answers(&tests.images, 5, threads),
                agent.answers(&tests.images, 5, 1),
                "{name}"
            );
        }
        for (at, image) in tests.images.iter().take(8).enumerate() {
            let (answer, layers) = agent.look(image, 5 + at as u64);
            assert_eq!(answer, agent.answers(&tests.images, 5, 1)[at], "{name}");
            assert_eq!(answer.scores.len(), 10);
            assert!((0.0..=1.0).contains(&answer.confidence));
            assert_eq!((layers[0].name.as_str(), layers[0].width), ("input", 28));
            assert!(layers[0].bits == agent.encoder().encode(image) && layers.len() >= 3);
            let output = layers.last().unwrap();
            assert!(output.name == "output" && output.bits.len() == output.width);
        }
        let size = agent.size();
        assert!(size.learning > 0 && size.samples == 80 * 98, "{name} {size:?}");
    }
}

#[test]
fn a_stopped_training_goes_on_from_a_file_with_the_same_bits() {
    let data = Data::new(150, 3);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.safetensors");
    for kind in kinds() {
        let name = format!("{kind:?}");
        let mut whole = new(kind.clone(), &data.samples());
        train(&mut whole, &data.samples());
        let mut agent = new(kind, &data.samples());
        let mut stops = 0;
        loop {
            let mut reports = 0;
            let outcome = agent.train(&data.samples(), 1, &mut |agent, _| {
                reports += 1;
                // A report may save the agent.
                assert!(agent.to_bytes().is_ok());
                if reports == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            if outcome.unwrap() == Outcome::Finished {
                break;
            }
            stops += 1;
            if stops < 9 {
                agent.save(&path).unwrap();
                agent = Agent::load(&path).unwrap();
            }
            let other = Data::new(20, 4);
            let refused = agent.train(&other.samples(), 1, &mut |_, _| ControlFlow::Break(())).unwrap_err();
            assert_eq!(refused, AgentError::OtherSamples { expected: 150, found: 20 });
        }
        assert!(stops > 0, "{name}");
        let tests = Data::new(30, 5);
        assert_eq!(agent.answers(&tests.images, 0, 1), whole.answers(&tests.images, 0, 1), "{name}");
        // Lessons go on alike, too.
        agent.learn(&tests.images[0], 4).unwrap();
        whole.learn(&tests.images[0], 4).unwrap();
        assert_eq!(agent.answers(&tests.images, 0, 1), whole.answers(&tests.images, 0, 1), "{name}");
    }
}

#[test]
fn lessons_are_taught_undone_and_kept_in_the_journal() {
    let data = Data::new(60, 6);
    for kind in kinds() {
        let name = format!("{kind:?}");
        let is_bloom = name.contains("Bloom");
        let mut agent = new(kind, &data.samples());
        train(&mut agent, &data.samples());
        let before = agent.answers(&data.images, 0, 1);
        let teach = |agent: &mut Agent, at: usize| {
            let taught = Taught { image: data.images[at], label: 9 - data.labels[at], time: at as u64 };
            agent.teach(taught).unwrap();
        };
        (0..3).for_each(|at| teach(&mut agent, at));
        assert_eq!((agent.journal().len(), agent.learnt().iter().sum::<u64>()), (3, 63), "{name}");
        assert!(matches!(
            agent.learn(&data.images[0], 10),
            Err(AgentError::Label { label: 10, classes: 10 })
        ));
        if is_bloom {
            assert!(agent.undo().unwrap_err().to_string().contains("Bloom filters"), "{name}");
            continue;
        }
        for at in (0..3).rev() {
            assert_eq!(agent.undo().unwrap(), Some(9 - data.labels[at]), "{name}");
        }
        assert_eq!(agent.answers(&data.images, 0, 1), before, "{name}");
        assert!(agent.journal().is_empty() && agent.learnt() == [6; 10]);
    }
}

#[test]
fn counts_and_examples_are_unlearnt_and_trained_values_are_not() {
    let data = Data::new(60, 7);
    for kind in kinds() {
        let mut agent = new(kind.clone(), &data.samples());
        train(&mut agent, &data.samples());
        let taken = agent.unlearn(&data.images[5], data.labels[5]);
        match kind {
            KindSettings::Dwn(_) => assert_eq!(taken, Err(AgentError::NoUnlearning("dwn"))),
            KindSettings::Logic(_) => assert_eq!(taken, Err(AgentError::NoUnlearning("logic"))),
            KindSettings::Wisard(own) if own.store == Store::Bloom => assert!(taken.is_err()),
            _ => {
                assert_eq!(taken, Ok(()));
                assert_eq!(agent.learnt()[5], 5);
                assert!(agent.unlearn(&data.images[5], data.labels[5]).is_err());
            }
        }
    }
}

#[test]
fn compact_agents_answer_alike_and_learn_no_more() {
    let data = Data::new(60, 8);
    for kind in kinds() {
        let mut agent = new(kind.clone(), &data.samples());
        train(&mut agent, &data.samples());
        let is_compactable = match &kind {
            KindSettings::Ao(_) => false,
            KindSettings::Wisard(own) => own.decision == Decision::Bleached,
            _ => true,
        };
        let compact = agent.compact();
        assert_eq!(compact.is_ok(), is_compactable);
        let Ok(mut compact) = compact else { continue };
        assert_eq!(compact.answers(&data.images, 0, 1), agent.answers(&data.images, 0, 2));
        assert_eq!(compact.answer(&data.images[3], 0), agent.answer(&data.images[3], 0));
        assert_eq!(compact.size().learning, agent.size().finished.unwrap());
        assert!(compact.size().learning < agent.size().learning);
        assert!(compact.is_finished() && compact.learn(&data.images[0], 0) == Err(AgentError::Finished));
        assert_eq!(compact.undo(), Err(AgentError::Finished));
    }
}

#[test]
fn a_second_training_replays_the_first() {
    let data = Data::new(200, 9);
    let part = |least: u8, most: u8| {
        let inside = |at: &usize| (least..=most).contains(&data.labels[*at]);
        let images = (0..200).filter(inside).map(|at| data.images[at]).collect();
        Data { images, labels: (0..200).filter(inside).map(|at| data.labels[at]).collect() }
    };
    let (first, second) = (part(0, 4), part(5, 9));
    let kept = |replay| {
        let warp = OrAuto::Number(0.0);
        let settings = WisardSettings { replay, warp, passes: 10, ..Default::default() };
        let mut agent = new(KindSettings::Wisard(settings), &first.samples());
        train(&mut agent, &first.samples());
        train(&mut agent, &second.samples());
        agent.accuracy(&first.samples(), 1).right
    };
    let (forgetful, faithful) = (kept(0), kept(100));
    assert!(faithful >= 95 && faithful > forgetful + 3, "{faithful} {forgetful} of 100");
}

#[test]
fn names_are_plain() {
    let settings = || AgentSettings::new(kinds().remove(1), 1);
    let none = Samples::new(&[], &[]).unwrap();
    let name = |name: &str| Agent::new(name, settings(), &none).is_ok();
    assert!(name("digits 2.1_b-c") && name("7") && name(&"a".repeat(64)));
    for wrong in ["", " a", ".a", "a..b", "a/b", "a\n", "ü", &"a".repeat(65)] {
        assert!(!name(wrong), "{wrong:?}");
    }
    assert_eq!(PIXELS, 784);
}
