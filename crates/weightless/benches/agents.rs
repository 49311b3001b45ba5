//! Times and accuracies of agents on MNIST: `cargo bench -p umwelt-weightless -- FOLDER PART..`.
//!
//! FOLDER has the plain IDX files (`umwelt data mnist` fetches them). Parts: `one` (one sample at a
//! time), `wisard` (60,000 digits), `ao`, `dwn` (minutes of training), `curve`, `baselines`,
//! `forgetting`. Without one: `one wisard ao`. Seconds are those of the processor, on one thread
//! where nothing else is said.

#![allow(clippy::print_stdout, reason = "a benchmark's result is what it prints")]

use std::fs;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use umwelt_weightless::Samples;
use umwelt_weightless::agent::{Agent, AgentSettings, KindSettings};
use umwelt_weightless::ao::{AoSettings, Past};
use umwelt_weightless::baselines::{ClassMean, Logistic, accuracy, nearest_by_grey};
use umwelt_weightless::bits::EncodingSettings;
use umwelt_weightless::dwn::DwnSettings;
use umwelt_weightless::sampling::{Chosen, balanced};
use umwelt_weightless::wisard::{Decision, OrAuto, WisardSettings};

/// Samples a class of the learning curve, with the number of draws.
const CURVE: [(usize, u64); 5] = [(1, 10), (6, 10), (60, 5), (600, 3), (usize::MAX, 1)];

struct Mnist {
    train: (Vec<u8>, Vec<u8>),
    test: (Vec<u8>, Vec<u8>),
}

impl Mnist {
    fn load(folder: &Path) -> Self {
        let read = |name: &str, header: usize| {
            let path = folder.join(name);
            let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            bytes[header..].to_vec()
        };
        let split = |name: &str| {
            (read(&format!("{name}-images-idx3-ubyte"), 16), read(&format!("{name}-labels-idx1-ubyte"), 8))
        };
        Self { train: split("train"), test: split("t10k") }
    }

    fn train(&self) -> Samples<'_> {
        Samples::new(&self.train.0, &self.train.1).expect("files of one set")
    }

    fn test(&self) -> Samples<'_> {
        Samples::new(&self.test.0, &self.test.1).expect("files of one set")
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let Some((folder, parts)) = arguments.split_first() else {
        println!(
            "usage: cargo bench -p umwelt-weightless -- FOLDER [one|wisard|ao|dwn|curve|baselines|forgetting].."
        );
        return;
    };
    let mnist = Mnist::load(Path::new(folder));
    let default: Vec<String> = ["one", "wisard", "ao"].map(str::to_owned).to_vec();
    for part in if parts.is_empty() { &default } else { parts } {
        match part.as_str() {
            "one" => one_sample(&mnist),
            "wisard" => wisards(&mnist),
            "ao" => state_machines(&mnist),
            "dwn" => tables(&mnist),
            "curve" => curve(&mnist),
            "baselines" => baselines(&mnist),
            "forgetting" => forgetting(&mnist),
            other => println!("{other}: no such part"),
        }
    }
}

/// Seconds of the processor that this process has used.
fn processor() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> =
        stat.rsplit(')').next().unwrap_or("").split_whitespace().filter_map(|f| f.parse().ok()).collect();
    // The state is no number: user and system time are fields 13 and 14 of the whole line.
    fields.get(10..12).map_or(0.0, |ticks| ticks.iter().sum::<f64>() / 100.0)
}

/// Seconds that `work` takes.
fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let before = processor();
    let result = work();
    (processor() - before, result)
}

/// The median of the microseconds of `work` for 1,000 samples, after 100 to warm up.
fn median(samples: &Samples, mut work: impl FnMut(usize)) -> f64 {
    let mut times: Vec<f64> = (0..1100.min(samples.len()))
        .map(|at| {
            let started = Instant::now();
            work(at);
            started.elapsed().as_secs_f64() * 1e6
        })
        .skip(100)
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn new(kind: KindSettings, encoding: Option<EncodingSettings>, seed: u64, samples: &Samples) -> Agent {
    let mut settings = AgentSettings::new(kind, seed);
    settings.encoding = encoding.unwrap_or(settings.encoding);
    Agent::new("bench", settings, samples).expect("the settings are in range")
}

fn train(agent: &mut Agent, samples: &Samples, threads: usize) {
    agent.train(samples, threads, &mut |_, _| ControlFlow::Continue(())).expect("the labels are classes");
}

fn wisard(settings: WisardSettings) -> KindSettings {
    KindSettings::Wisard(settings)
}

fn one_sample(mnist: &Mnist) {
    let train_samples = mnist.train();
    for coverage in [1, 4] {
        let base = WisardSettings { coverage, replay: 0, warp: OrAuto::Number(0.0), ..Default::default() };
        let counting = WisardSettings { decision: Decision::Log, shifts: OrAuto::Number(1), ..base.clone() };
        let mut counts = new(wisard(counting), None, 1, &train_samples);
        train(&mut counts, &part(&train_samples, 0..10_000), 1);
        let count = median(&train_samples, |at| learn(&mut counts, &train_samples, 10_000 + at));
        let mut learnt = new(wisard(base.clone()), None, 1, &train_samples);
        train(&mut learnt, &part(&train_samples, 0..9_000), 1);
        let learn_group = median(&train_samples, |at| learn(&mut learnt, &train_samples, 10_000 + at));
        let warping = WisardSettings { warp: OrAuto::Number(1.0), ..base.clone() };
        let mut warped = new(wisard(warping), None, 1, &train_samples);
        train(&mut warped, &part(&train_samples, 0..600), 1);
        let learn_warped = median(&train_samples, |at| learn(&mut warped, &train_samples, 10_000 + at));
        let replaying = WisardSettings { replay: 3000, ..base };
        let mut faithful = new(wisard(replaying), None, 1, &train_samples);
        train(&mut faithful, &part(&train_samples, 0..9_000), 1);
        let replayed = median(&train_samples, |at| learn(&mut faithful, &train_samples, 10_000 + at));
        let tests = mnist.test();
        let answer = median(&tests, |at| drop(black_box(learnt.answer(&tests.images()[at], 0))));
        println!(
            "wisard, {} RAMs: count {count:.1} us, learn with 9 copies {learn_group:.1} us, with replay \
             {replayed:.1} us, with 63 copies {learn_warped:.1} us, answer {answer:.1} us",
            learnt.as_wisard().map_or(0, |wisard| wisard.rams().rams())
        );
    }
}

fn learn(agent: &mut Agent, samples: &Samples, at: usize) {
    let (image, label) = samples.get(at);
    agent.learn(image, label).expect("the label is a class");
}

/// Some of the samples, in order.
fn part<'a>(samples: &Samples<'a>, range: std::ops::Range<usize>) -> Samples<'a> {
    let images = samples.images()[range.clone()].as_flattened();
    Samples::new(images, &samples.labels()[range]).expect("whole pictures")
}

fn wisards(mnist: &Mnist) {
    let base = WisardSettings::default;
    for (name, settings) in [
        ("4 passes, no copies", WisardSettings { passes: 4, shifts: OrAuto::Number(1), ..base() }),
        ("default", base()),
        ("coverage 4", WisardSettings { coverage: 4, ..base() }),
    ] {
        let mut agent = new(wisard(settings), None, 1, &mnist.train());
        let (time, ()) = seconds(|| train(&mut agent, &mnist.train(), 1));
        let right = agent.accuracy(&mnist.test(), 1).share();
        println!("wisard, 60,000, {name}: {time:.2} s, {:.2} %, {:?}", 100.0 * right, agent.size());
    }
}

fn ao(threshold: u8, past: Past) -> (KindSettings, Option<EncodingSettings>) {
    (
        KindSettings::Ao(AoSettings { past, ..Default::default() }),
        Some(EncodingSettings::threshold(threshold)),
    )
}

fn state_machines(mnist: &Mnist) {
    for (threshold, past, per_class, draws, tests) in [
        (64, Past::Icon, 6, 10, 10_000),
        (200, Past::Icon, 6, 10, 10_000),
        (64, Past::Random, 6, 3, 2_000),
        (64, Past::Icon, 60, 2, 1_000),
    ] {
        let test = part(&mnist.test(), 0..tests);
        let run = |draw: u64| {
            let chosen = Chosen::of(&mnist.train(), &balanced(&mnist.train.1, per_class, 10, 1, draw));
            let (kind, encoding) = ao(threshold, past);
            let mut agent = new(kind, encoding, draw, &chosen.samples());
            train(&mut agent, &chosen.samples(), 1);
            let (time, accuracy) = seconds(|| agent.accuracy(&test, 2));
            (time / tests as f64 * 1e3, 100.0 * accuracy.share())
        };
        let all: Vec<(f64, f64)> = (0..draws).map(run).collect();
        let times = statistics(&all.iter().map(|one| one.0).collect::<Vec<_>>()).0;
        let (mean, deviation) = statistics(&all.iter().map(|one| one.1).collect::<Vec<_>>());
        println!(
            "ao, {} samples, threshold {threshold}, past {past:?}: {mean:.1} +-{deviation:.1} % \
             ({draws} draws, {tests} tests), answer {times:.2} ms",
            10 * per_class
        );
    }
}

/// Mean and deviation (n - 1).
fn statistics(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt())
}

fn tables(mnist: &Mnist) {
    let settings = DwnSettings { epochs: 9, ..Default::default() };
    let mut agent = new(KindSettings::Dwn(settings), None, 1, &mnist.train());
    let (time, ()) = seconds(|| train(&mut agent, &mnist.train(), 2));
    let right = agent.accuracy(&mnist.test(), 1).share();
    println!(
        "dwn, 9 epochs: {time:.1} s on two threads together, {:.2} %, {:?}",
        100.0 * right,
        agent.size()
    );
    let images = mnist.test();
    let (time, _) = seconds(|| (0..10).for_each(|_| drop(black_box(agent.answers(images.images(), 0, 1)))));
    println!("dwn: {:.0} answers/s", 100_000.0 / time);
    let lesson = median(&part(&mnist.train(), 0..150), |at| learn(&mut agent, &mnist.train(), at));
    println!("dwn: one lesson {:.1} ms", lesson / 1e3);
}

fn curve(mnist: &Mnist) {
    let base = WisardSettings::default;
    for (name, settings) in [
        ("learnt, shifted", base()),
        ("learnt, shifted, coverage 4", WisardSettings { coverage: 4, ..base() }),
        (
            "counts only",
            WisardSettings {
                decision: Decision::Log,
                shifts: OrAuto::Number(1),
                warp: OrAuto::Number(0.0),
                ..base()
            },
        ),
    ] {
        let row = on_curve(mnist, |samples, draw| {
            let mut agent = new(wisard(settings.clone()), None, draw, samples);
            train(&mut agent, samples, 1);
            agent.accuracy(&mnist.test(), 2).share()
        });
        println!("wisard {name}: {row}");
    }
}

/// Accuracies in percent at every point of the curve.
fn on_curve(mnist: &Mnist, run: impl Fn(&Samples, u64) -> f64) -> String {
    let point = |&(per_class, draws): &(usize, u64)| {
        let of = |draw| {
            let chosen = Chosen::of(&mnist.train(), &balanced(&mnist.train.1, per_class, 10, 1, draw));
            100.0 * run(&chosen.samples(), draw)
        };
        let (mean, deviation) = statistics(&(0..draws).map(of).collect::<Vec<_>>());
        format!("{mean:.2} +-{deviation:.1}")
    };
    CURVE.iter().map(point).collect::<Vec<_>>().join(" | ")
}

fn baselines(mnist: &Mnist) {
    let tests = mnist.test();
    let with_copies = |samples: &Samples| match samples.len() {
        few if few < 10_000 => Chosen::with_copies(samples, WisardSettings::default().copies(few)),
        _ => Chosen::of(samples, &(0..samples.len()).collect::<Vec<_>>()),
    };
    let nearest = |samples: &Samples| accuracy(&nearest_by_grey(samples, tests.images(), 2), tests.labels());
    println!("nearest: {}", on_curve(mnist, |samples, _| nearest(samples)));
    println!(
        "nearest, 9 copies below 10,000: {}",
        on_curve(mnist, |s, _| nearest(&with_copies(s).samples()))
    );
    let mean =
        |samples: &Samples| accuracy(&ClassMean::fit(samples, 10).answers(tests.images()), tests.labels());
    println!("class mean: {}", on_curve(mnist, |samples, _| mean(samples)));
    let logistic =
        |samples: &Samples| accuracy(&Logistic::fit(samples, 10, 2).answers(tests.images()), tests.labels());
    println!("logistic: {}", on_curve(mnist, |samples, _| logistic(samples)));
    println!(
        "logistic, 9 copies below 10,000: {}",
        on_curve(mnist, |s, _| logistic(&with_copies(s).samples()))
    );
}

fn forgetting(mnist: &Mnist) {
    let chosen = |samples: Samples, classes: std::ops::Range<u8>| {
        let inside: Vec<usize> =
            (0..samples.len()).filter(|at| classes.contains(&samples.labels()[*at])).collect();
        Chosen::of(&samples, &inside)
    };
    let (first, second) = (chosen(mnist.train(), 0..5), chosen(mnist.train(), 5..10));
    let tests = [chosen(mnist.test(), 0..5), chosen(mnist.test(), 5..10)];
    for (name, decision, replay) in [
        ("counts", Decision::Log, 0),
        ("learnt", Decision::Learnt, 0),
        ("replay 600", Decision::Learnt, 600),
        ("replay 3000", Decision::Learnt, 3000),
    ] {
        let settings = WisardSettings { decision, replay, ..Default::default() };
        let mut agent = new(wisard(settings), None, 1, &first.samples());
        train(&mut agent, &first.samples(), 1);
        let before = 100.0 * agent.accuracy(&tests[0].samples(), 2).share();
        train(&mut agent, &second.samples(), 1);
        let after = [0, 1].map(|half| 100.0 * agent.accuracy(&tests[half].samples(), 2).share());
        println!("forgetting, {name}: 0 to 4 {before:.2} -> {:.2} %, 5 to 9 {:.2} %", after[0], after[1]);
    }
}
