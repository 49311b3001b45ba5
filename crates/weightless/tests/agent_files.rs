//! Files of agents: read in full, or refused without harm.

mod pictures;

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use pictures::pictures;
use umwelt_base::random::{Rng, Stream};
use umwelt_weightless::agent::{Agent, AgentSettings, KindSettings, Outcome, Taught};
use umwelt_weightless::ao::AoSettings;
use umwelt_weightless::bits::{Encoding, EncodingSettings};
use umwelt_weightless::dwn::DwnSettings;
use umwelt_weightless::logic::{LogicSettings, Wires};
use umwelt_weightless::wisard::{Decision, Store, WisardSettings};
use umwelt_weightless::{Digit, Samples};

/// The system's allocator, which counts the bytes that are in use.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(IN_USE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Agents of every kind and form, some of them in the middle of a training.
fn agents() -> Vec<Agent> {
    let (images, labels) = pictures(140, 1);
    let samples = Samples::new(images.as_flattened(), &labels).unwrap();
    let wisard = |decision, store| {
        KindSettings::Wisard(WisardSettings {
            tuple: 5,
            decision,
            store,
            replay: 5,
            bloom_index_bits: 4,
            ..Default::default()
        })
    };
    let dwn = DwnSettings { tables: vec![20, 10], inputs: 3, epochs: 1, replay: 5, ..Default::default() };
    let logic = LogicSettings { gates: vec![30, 20], epochs: 1, replay: 5, ..Default::default() };
    let kinds = [
        (
            KindSettings::Ao(AoSettings { connector_parameters: vec![20, 10, 30, 4], ..Default::default() }),
            false,
        ),
        (wisard(Decision::Learnt, Store::Dense), true),
        (wisard(Decision::Bleached, Store::Map), false),
        (wisard(Decision::Log, Store::Bloom), false),
        (KindSettings::Dwn(dwn.clone()), true),
        (KindSettings::Dwn(dwn), false),
        (KindSettings::Logic(LogicSettings { wires: Wires::TopK, ..logic.clone() }), true),
        (KindSettings::Logic(logic), true),
    ];
    let mut agents = vec![];
    for (kind, stops) in kinds {
        let encoding =
            EncodingSettings { encoding: Encoding::Gaussian, bits_per_pixel: 1, ..Default::default() };
        let settings = AgentSettings { encoding, ..AgentSettings::new(kind, 5) };
        let mut agent = Agent::new("a", settings, &samples).unwrap();
        let report =
            &mut |_: &Agent, _| if stops { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        assert_eq!(agent.train(&samples, 1, report).unwrap() == Outcome::Stopped, stops);
        agent.teach(Taught { image: images[0], label: 3, time: 17 }).unwrap();
        agents.extend(agent.compact().ok());
        agents.push(agent);
    }
    agents
}

fn shown() -> Vec<Digit> {
    pictures(12, 2).0
}

#[test]
fn an_agent_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let agents = agents();
    assert_eq!(agents.len(), 13);
    for agent in agents {
        agent.save(&path).unwrap();
        let read = Agent::load(&path).unwrap();
        assert_eq!(read.answers(&shown(), 0, 1), agent.answers(&shown(), 0, 1));
        assert_eq!((read.name(), read.settings(), read.learnt()), ("a", agent.settings(), agent.learnt()));
        assert_eq!((read.journal(), read.course().is_some()), (agent.journal(), agent.course().is_some()));
        assert_eq!(read.size(), agent.size());
        let first = std::fs::read(&path).unwrap();
        // Read and written again it names its parent, and holds the same otherwise.
        assert!(agent.origin() == (None, None) && read.origin().1.is_none());
        let second = Agent::from_bytes(&read.to_bytes().unwrap()).unwrap();
        assert_eq!(second.origin().1, read.origin().0);
        assert_eq!(second.answers(&shown(), 0, 1), agent.answers(&shown(), 0, 1));
        assert_eq!(agent.to_bytes().unwrap(), first);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_damaged_file_is_refused_with_the_name_of_the_tensor() {
    let agents = agents();
    let wisard = agents.iter().find(|agent| agent.as_wisard().is_some()).unwrap().to_bytes().unwrap();
    let refused = |bytes: &[u8]| Agent::from_bytes(bytes).unwrap_err().to_string();
    let with = |from: &str, to: &str| {
        let length = u64::from_le_bytes(wisard[..8].try_into().unwrap()) as usize;
        let header = String::from_utf8(wisard[8..8 + length].to_vec()).unwrap();
        assert!(header.contains(from), "{from} in {header}");
        let header = header.replacen(from, to, 1);
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &wisard[8 + length..]].concat()
    };
    for (from, to, expected) in [
        (
            r#""mapping":{"dtype":"U16","shape":[157,5]"#,
            r#""mapping":{"dtype":"U16","shape":[5,157]"#,
            "tensor `mapping` has the shape [5, 157], not [157, 5]",
        ),
        (
            r#""mapping":{"dtype":"U16""#,
            r#""mapping":{"dtype":"F16""#,
            "tensor `mapping` has numbers of type F16, not U16",
        ),
        (r#""tables""#, r#""fables""#, "tensor `tables` is missing"),
        (
            r#"\"version\":1"#,
            r#"\"version\":2"#,
            "is an agent of version 2, and this program reads version 1",
        ),
        (r#"\"tuple\":5"#, r#"\"tuple\":13"#, "wisard.tuple must be from 1 to 12, but is 13"),
        (r#"\"coverage\":1"#, r#"\"coverage\":2"#, "tensor `mapping` has the shape [157, 5], not [314, 5]"),
        (r#"\"seen\":["#, r#"\"seen\":[1,"#, "its list `seen` has 11 numbers, not 10"),
        (r#"\"total\":"#, r#"\"total\":1"#, "its training has another number of steps"),
        (r#""journal.times""#, r#""journal.tines""#, "tensor `journal.times` is missing"),
        (r#""umwelt.agent""#, r#""umwelt.agenT""#, "is a safetensors file, but no agent"),
    ] {
        let message = refused(&with(from, to));
        assert!(message.starts_with(expected), "{message}");
    }
    assert!(refused(&wisard[..wisard.len() - 1]).starts_with("is no whole safetensors file"));
    assert!(refused(b"").starts_with("is no safetensors file of an agent"));
    assert!(refused(&u64::MAX.to_le_bytes()).starts_with("is no safetensors file of an agent"));
    let missing = Agent::load(std::path::Path::new("/no/such/file")).unwrap_err().to_string();
    assert!(missing.starts_with("/no/such/file: "), "{missing}");
}

#[test]
fn numbers_out_of_range_are_refused_with_the_name_of_the_tensor() {
    for agent in agents() {
        let bytes = agent.to_bytes().unwrap();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        for (name, tensor) in header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__") {
            let [from, to] =
                [0, 1].map(|at| tensor["data_offsets"][at].as_u64().unwrap() as usize + 8 + length);
            let is_bounded = ["mapping", "wires", "labels", "lowest", "varying", "places", "hashes"];
            let is_real = tensor["dtype"] == "F32";
            if to == from || !(is_real || is_bounded.iter().any(|part| name.ends_with(part))) {
                continue;
            }
            let mut wrong = bytes.clone();
            wrong[to - 4.min(to - from)..to].fill(0xff);
            let message = Agent::from_bytes(&wrong).unwrap_err().to_string();
            assert!(message.contains(&format!("tensor `{name}`")), "{name}: {message}");
        }
    }
}

/// A copy of a file with a few random changes, of the kinds that a hostile file may have.
fn mutate(bytes: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for _ in 0..1 + rng.bits() % 3 {
        // Half of the changes go into names, shapes and metadata.
        let end = if rng.uniform() < 0.5 { header.min(bytes.len()) } else { bytes.len() };
        let at = (rng.uniform() * end as f64) as usize;
        match rng.bits() % 7 {
            0 => bytes[at] ^= 1 << (rng.bits() % 8),
            1 => bytes[at] = rng.bits() as u8,
            2 => bytes[at] = b"0123456789"[(rng.bits() % 10) as usize],
            3 => bytes.truncate(at.max(9)),
            4 => {
                let digits = bytes[..end].iter().enumerate().filter(|(_, byte)| byte.is_ascii_digit());
                let places: Vec<usize> = digits.map(|(place, _)| place).collect();
                if !places.is_empty() {
                    let place = places[(rng.bits() % places.len() as u64) as usize];
                    bytes[place] = b"0123456789"[(rng.bits() % 10) as usize];
                }
            }
            5 => bytes[(rng.bits() % 8) as usize] = rng.bits() as u8,
            _ => {
                let to = (at + 1 + (rng.bits() % 40) as usize).min(bytes.len());
                let copy = bytes[at..to].to_vec();
                let place = (rng.uniform() * bytes.len() as f64) as usize;
                let end = (place + copy.len()).min(bytes.len());
                bytes[place..end].copy_from_slice(&copy[..end - place]);
            }
        }
    }
    bytes
}

/// The most memory that a mutated file may cost beyond its own bytes: these agents take less than
/// 2 MB, and settings that fit the tensors cannot ask for much more.
const BOUND: usize = 64 << 20;

fn mutations(count: u64) {
    let files: Vec<Vec<u8>> = agents().iter().map(|agent| agent.to_bytes().unwrap()).collect();
    let shown = shown();
    let (mut read, mut refused) = (0, 0);
    for index in 0..count {
        let file = &files[index as usize % files.len()];
        let bytes = mutate(file, &mut Stream::new(8, "mutations").at(&[index]));
        let before = IN_USE.load(Relaxed);
        PEAK.store(before, Relaxed);
        match Agent::from_bytes(&bytes) {
            Ok(mut agent) => {
                // What was read works: it answers, learns and can be written.
                agent.look(&shown[0], 0);
                let _ = agent.learn(&shown[1], 1);
                let _ = agent.undo();
                read += 1;
            }
            Err(reason) => {
                assert!(!reason.to_string().is_empty());
                refused += 1;
            }
        }
        let peak = PEAK.load(Relaxed) - before;
        assert!(peak <= BOUND, "mutation {index} took {peak} bytes");
    }
    assert!(refused > count / 3 && read > count / 20, "{read} were read, {refused} refused");
}

#[test]
fn twenty_thousand_mutated_files_do_no_harm() {
    mutations(20_000);
}

#[test]
#[ignore = "takes minutes"]
fn a_hundred_thousand_mutated_files_do_no_harm() {
    mutations(100_000);
}
