//! The recorded case of RAM neurons.

mod recorded;

use recorded::{Recorded, outputs};
use umwelt_weightless::bits::BitSet;
use umwelt_weightless::wisard::{
    LANES, Mapping, Own, Places, Rams, adaptive, best, log_scores, logits, mental_image, responses, step,
};

const TAU: f32 = 30.0;
const RATE: f32 = 4.0;

struct Case {
    recorded: Recorded,
    train: Vec<BitSet>,
    labels: Vec<usize>,
    test: Vec<BitSet>,
}

impl Case {
    fn load() -> Self {
        let recorded = Recorded::load("weightless_wisard");
        let pictures = |name| {
            let bits = recorded.bits(name);
            bits.chunks(recorded.size("bits")).map(|bits| bits.iter().copied().collect()).collect()
        };
        let labels = recorded.integers("input.train_labels").iter().map(|label| *label as usize).collect();
        Self { train: pictures("input.train_bits"), test: pictures("input.test_bits"), labels, recorded }
    }

    fn mapping(&self) -> Mapping {
        let inputs = self.recorded.integers("param.mapping").iter().map(|input| *input as u32).collect();
        Mapping::new(self.recorded.size("bits"), self.recorded.size("tuple"), inputs)
    }

    fn rams(&self, places: Places, learnt: bool) -> Rams {
        Rams::new(self.mapping(), places, self.recorded.size("classes"), learnt)
    }

    fn counted(&self, places: Places, learnt: bool) -> Rams {
        let (mut rams, mut rows) = (self.rams(places, learnt), vec![]);
        for (picture, &label) in self.train.iter().zip(&self.labels) {
            rams.find_or_add(picture.words(), &mut rows);
            rams.count(&rows, label);
        }
        rams
    }

    /// The rows of every test picture.
    fn tests(&self, rams: &Rams) -> Vec<Vec<u32>> {
        let rows = |picture: &BitSet| {
            let mut rows = vec![];
            rams.find(picture.words(), &mut rows);
            rows
        };
        self.test.iter().map(rows).collect()
    }
}

/// Counts as recorded: `[rams, classes, places]`.
fn by_class(rams: &Rams, classes: usize, places: usize) -> Vec<i64> {
    let count =
        |(ram, class, place): (usize, usize, usize)| i64::from(rams.counts()[ram * places + place].0[class]);
    let all = (0..rams.rams()).flat_map(|ram| (0..classes).map(move |class| (ram, class)));
    all.flat_map(|(ram, class)| (0..places).map(move |place| (ram, class, place))).map(count).collect()
}

fn dense() -> Places {
    Places::Dense { tuple: 6 }
}

#[test]
fn counts_addresses_and_responses_are_the_recorded_ones() {
    let case = Case::load();
    for (places, is_dense) in [(dense(), true), (Places::map(), false)] {
        let rams = case.counted(places, false);
        if is_dense {
            assert_eq!(by_class(&rams, 4, 64), case.recorded.integers("expect.counts"));
            let mut addresses = vec![];
            let all = case.test.iter().flat_map(|picture| {
                rams.address(picture.words(), &mut addresses);
                addresses.iter().map(|address| i64::from(*address)).collect::<Vec<_>>()
            });
            assert!(all.eq(case.recorded.integers("expect.addresses")));
        }
        let tests = case.tests(&rams);
        let at = |b| tests.iter().map(move |rows| (b, rows));
        let all = || (1..=5).flat_map(at);
        let ours = all().flat_map(|(b, rows)| responses(&rams, rows, b, None)).map(i64::from);
        assert!(ours.eq(case.recorded.integers("expect.response")));
        let chosen = all().map(|(b, rows)| best(&responses(&rams, rows, b, None), |_| true).unwrap() as i64);
        assert!(chosen.eq(case.recorded.integers("expect.prediction")));
    }
}

#[test]
fn adaptive_bleaching_chooses_as_recorded() {
    let case = Case::load();
    let rams = case.counted(dense(), false);
    let ours: Vec<_> = case.tests(&rams).iter().map(|rows| adaptive(&rams, rows, None)).collect();
    let thresholds = ours.iter().map(|(_, b)| i64::from(*b));
    assert!(thresholds.eq(case.recorded.integers("expect.adaptive_threshold")));
    let chosen = ours.iter().map(|(responses, _)| best(responses, |_| true).unwrap() as i64);
    assert!(chosen.eq(case.recorded.integers("expect.adaptive_prediction")));
}

#[test]
fn log_scores_are_the_recorded_ones() {
    let case = Case::load();
    for places in [dense(), Places::map()] {
        let rams = case.counted(places, false);
        let ours = case.tests(&rams).into_iter().flat_map(|rows| log_scores(&rams, &rows, None));
        let ours: Vec<f64> = ours.map(f64::from).collect();
        outputs("log_score", &ours, &case.recorded.floats("expect.log_score"));
    }
}

#[test]
fn bloom_filters_hold_and_answer_as_recorded() {
    let case = Case::load();
    let constants = case.recorded.integers("param.hash_constants").iter().map(|c| *c as u32).collect();
    let rams = case.counted(Places::Bloom { index_bits: 5, tuple: 6, constants }, false);
    assert_eq!(by_class(&rams, 4, 32), case.recorded.integers("expect.bloom_tables"));
    let tests = case.tests(&rams);
    let ours = (1..=3).flat_map(|b| tests.iter().map(move |rows| (b, rows)));
    let ours = ours.flat_map(|(b, rows)| responses(&rams, rows, b, None)).map(i64::from);
    assert!(ours.eq(case.recorded.integers("expect.bloom_response")));
}

#[test]
fn learnt_tables_are_the_recorded_ones() {
    let case = Case::load();
    for places in [dense(), Places::map()] {
        let is_dense = matches!(places, Places::Dense { .. });
        let mut rams = case.counted(places, true);
        let once = vec![1; rams.rams()];
        let own = |class| Own { class, counted: &once, pictures: 1 };
        let (mut rows, mut left_out, mut probabilities) = (vec![], vec![], vec![]);
        for (picture, &label) in case.train.iter().zip(&case.labels) {
            rams.find(picture.words(), &mut rows);
            left_out.extend(logits(&rams, &rows, Some(own(label)), TAU).into_iter().map(f64::from));
        }
        outputs("leave_one_out", &left_out, &case.recorded.floats("expect.leave_one_out"));
        for (picture, &label) in
            case.train.iter().zip(&case.labels).chain(case.train.iter().zip(&case.labels))
        {
            rams.find(picture.words(), &mut rows);
            let step = step(&mut rams, &rows, label, Some(own(label)), TAU, RATE);
            probabilities.extend(step.into_iter().map(f64::from));
        }
        outputs("probabilities", &probabilities, &case.recorded.floats("expect.probabilities"));
        let ours = case.tests(&rams).into_iter().flat_map(|rows| logits(&rams, &rows, None, TAU));
        let ours: Vec<f64> = ours.map(f64::from).collect();
        outputs("learnt_logits", &ours, &case.recorded.floats("expect.learnt_logits"));
        if is_dense {
            let all = (0..17).flat_map(|ram| (0..4).map(move |class| (ram, class)));
            let places = all.flat_map(|(ram, class)| (0..64).map(move |place| (ram * 64 + place, class)));
            let ours: Vec<f64> = places.map(|(row, class)| f64::from(rams.tables()[row].0[class])).collect();
            outputs("learnt_tables", &ours, &case.recorded.floats("expect.learnt_tables"));
        }
    }
}

#[test]
fn a_sample_is_taken_back_exactly() {
    let case = Case::load();
    let mut rams = case.counted(dense(), false);
    let mut rows = vec![];
    rams.find(case.train[0].words(), &mut rows);
    rams.uncount(&rows, case.labels[0]).unwrap();
    assert_eq!(by_class(&rams, 4, 64), case.recorded.integers("expect.counts_without_first"));
}

#[test]
fn mental_images_are_the_recorded_ones() {
    let case = Case::load();
    for places in [dense(), Places::map()] {
        let rams = case.counted(places, false);
        let ours = (0..4).flat_map(|class| mental_image(&rams, class)).map(|count| count as i64);
        assert!(ours.eq(case.recorded.integers("expect.mental_image")));
    }
    assert_eq!(LANES, 16);
}
