//! Places and objects, and combinations that occur in unseen problems alone.

use std::collections::BTreeSet;

use umwelt_base::random::Stream;

/// The places of every house, and those of which a house has four.
pub const PLACES: [&str; 12] =
    ["fridge", "sink", "stove", "lamp", "bed", "desk", "drawer", "cabinet", "shelf", "table", "sofa", "box"];
/// Places of every house.
pub const ALWAYS: usize = 4;
pub const FRIDGE: usize = 0;
pub const SINK: usize = 1;
pub const STOVE: usize = 2;
pub const LAMP: usize = 3;
pub const OBJECTS: [&str; 16] = [
    "apple", "book", "bowl", "bread", "candle", "cup", "egg", "fork", "key", "knife", "mug", "pan", "pen",
    "plate", "spoon", "towel",
];
const CLOSED: [&str; 4] = ["drawer", "cabinet", "fridge", "box"];
/// Optional places of a house.
pub const OPTIONAL: usize = 4;
/// The seed of the choice, the same in all runs.
const SEED: u64 = 1234;
const PAIRS: usize = 26;
const SETS: usize = 14;

/// True if the place must be opened.
pub fn closes(place: usize) -> bool {
    CLOSED.contains(&PLACES[place])
}

/// `in` or `on`.
pub fn preposition(place: usize) -> &'static str {
    if closes(place) || place == SINK { "in" } else { "on" }
}

/// The pairs of object and target, and the sets of optional places, of unseen problems.
#[derive(Clone, Debug)]
pub struct HeldOut {
    pairs: BTreeSet<(usize, usize)>,
    sets: BTreeSet<Vec<usize>>,
}

impl HeldOut {
    pub fn new() -> Self {
        let stream = Stream::new(SEED, "minihouse held out");
        let targets = ALWAYS..PLACES.len();
        let mut pairs: Vec<(usize, usize)> = (0..OBJECTS.len())
            .flat_map(|object| targets.clone().map(move |target| (object, target)))
            .collect();
        stream.at(&[0]).shuffle(&mut pairs);
        let is_set = |bits: &u32| bits.count_ones() as usize == OPTIONAL;
        let places = |bits: u32| targets.clone().filter(|place| bits >> (place - ALWAYS) & 1 == 1).collect();
        let mut sets: Vec<Vec<usize>> = (0..1u32 << targets.len()).filter(is_set).map(places).collect();
        stream.at(&[1]).shuffle(&mut sets);
        Self { pairs: pairs.into_iter().take(PAIRS).collect(), sets: sets.into_iter().take(SETS).collect() }
    }

    pub fn is_pair(&self, object: usize, target: usize) -> bool {
        self.pairs.contains(&(object, target))
    }

    /// True if a house of these optional places, in the order of their numbers, is held out.
    pub fn is_set(&self, optional: Vec<usize>) -> bool {
        self.sets.contains(&optional)
    }

    /// The numbers of pairs and of sets.
    #[cfg(test)]
    pub fn counts(&self) -> (usize, usize) {
        (self.pairs.len(), self.sets.len())
    }
}
