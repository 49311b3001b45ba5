//! A house with objects at places.

use umwelt_base::random::Rng;

use super::names::{ALWAYS, LAMP, OBJECTS, OPTIONAL, PLACES, preposition};
use super::{OBJECTS_IN_A_HOUSE, shuffled};

/// Places in a random order, and objects at them.
#[derive(Clone, Debug)]
pub struct House {
    places: Vec<usize>,
    /// Objects with their places, in a random order.
    objects: Vec<(usize, usize)>,
}

impl House {
    pub fn draw(rng: &mut Rng) -> Self {
        let chosen =
            shuffled(PLACES.len() - ALWAYS, rng).into_iter().take(OPTIONAL).map(|place| place + ALWAYS);
        let mut places: Vec<usize> = (0..ALWAYS).chain(chosen).collect();
        rng.shuffle(&mut places);
        let stores: Vec<usize> = places.iter().copied().filter(|place| *place != LAMP).collect();
        let objects = shuffled(OBJECTS.len(), rng).into_iter().take(OBJECTS_IN_A_HOUSE);
        let objects = objects.map(|object| (object, stores[rng.below(stores.len())])).collect();
        Self { places, objects }
    }

    /// The names of the places.
    pub fn places(&self) -> Vec<&'static str> {
        self.places.iter().map(|place| PLACES[*place]).collect()
    }

    /// The numbers of the places.
    pub fn numbers(&self) -> &[usize] {
        &self.places
    }

    pub fn objects(&self) -> &[(usize, usize)] {
        &self.objects
    }

    /// The places besides those of every house, in the order of their numbers.
    pub fn optional(&self) -> Vec<usize> {
        let mut places: Vec<usize> = self.places.iter().copied().filter(|place| *place >= ALWAYS).collect();
        places.sort_unstable();
        places
    }

    /// The place of an object.
    pub fn at(&self, object: usize) -> Option<usize> {
        self.objects.iter().find(|(known, _)| *known == object).map(|(_, place)| *place)
    }

    /// `in drawer`.
    pub fn place_of(&self, object: usize) -> String {
        self.at(object).map_or(String::new(), |place| format!("{} {}", preposition(place), PLACES[place]))
    }

    /// `mug in drawer ; pen on desk`.
    pub fn inventory(&self) -> String {
        let object =
            |(object, _): &(usize, usize)| format!("{} {}", OBJECTS[*object], self.place_of(*object));
        self.objects.iter().map(object).collect::<Vec<_>>().join(" ; ")
    }
}
