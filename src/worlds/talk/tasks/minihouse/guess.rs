//! Guessers, as baselines of receivers without messages.

use umwelt_base::random::{Rng, Stream};

use super::episode::Visit;
use super::names::{ALWAYS, LAMP, OBJECTS, PLACES, closes, preposition};
use super::{MiniHouse, SPARE, oracle, shuffled};
use crate::worlds::talk::tasks::Split;

const HOUSES: u64 = 3000;

/// The success of the better guesser on seen houses: one puts what it finds somewhere, the other
/// looks at it by the lamp.
pub fn best(task: &MiniHouse) -> f64 {
    let solved = |lamp: bool| (0..HOUSES).filter(|number| guessed(task, *number, lamp)).count();
    solved(false).max(solved(true)) as f64 / HOUSES as f64
}

fn guessed(task: &MiniHouse, number: u64, lamp: bool) -> bool {
    let mut rng = Stream::new(task.seed, "minihouse guesses").at(&[number, u64::from(lamp)]);
    let (house, goal) = task.draw(Split::Seen, (1 << 40) + number, task.levels());
    let most = oracle::steps(&house, &goal).map_or(0, |steps| steps.len() + SPARE);
    let places = house.numbers().to_vec();
    let mut visit = Visit::of(house, goal, most);
    while !visit.is_over() {
        if let Some(object) = search(&mut visit, &places, &mut rng) {
            if lamp {
                visit.act(&format!("go to {}", PLACES[LAMP]));
                visit.act("use lamp");
            } else {
                put(&mut visit, &places, object, &mut rng);
            }
        }
    }
    visit.is_won()
}

/// Goes to places in a random order and takes a random object of the first that has some.
fn search(visit: &mut Visit, places: &[usize], rng: &mut Rng) -> Option<&'static str> {
    for at in shuffled(places.len(), rng) {
        let place = places[at];
        let mut seen = visit.act(&format!("go to {}", PLACES[place]));
        if closes(place) && !visit.is_over() && seen.ends_with("is closed .") {
            seen = visit.act(&format!("open {}", PLACES[place]));
        }
        let found: Vec<&'static str> =
            OBJECTS.into_iter().filter(|object| seen.contains(&format!(" {object} "))).collect();
        if visit.is_over() {
            return None;
        }
        if !found.is_empty() {
            let object = found[rng.below(found.len())];
            visit.act(&format!("take {object} from {}", PLACES[place]));
            return Some(object);
        }
    }
    None
}

fn put(visit: &mut Visit, places: &[usize], object: &str, rng: &mut Rng) {
    let targets: Vec<usize> = places.iter().copied().filter(|place| *place >= ALWAYS).collect();
    let target = targets[rng.below(targets.len())];
    if visit.act(&format!("go to {}", PLACES[target])).ends_with("is closed .") {
        visit.act(&format!("open {}", PLACES[target]));
    }
    visit.act(&format!("put {object} {} {}", preposition(target), PLACES[target]));
}
