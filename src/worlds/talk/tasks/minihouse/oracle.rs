//! The shortest plan.

use super::goal::{Family, Goal};
use super::house::House;
use super::names::{LAMP, OBJECTS, PLACES, closes, preposition};

/// The steps of a visitor who knows where everything is.
struct Walk {
    steps: Vec<String>,
    at: Option<usize>,
    opened: Vec<usize>,
}

impl Walk {
    fn go(&mut self, place: usize) {
        if self.at == Some(place) {
            return;
        }
        self.at = Some(place);
        self.steps.push(format!("go to {}", PLACES[place]));
    }

    fn open(&mut self, place: usize) {
        self.go(place);
        if closes(place) && !self.opened.contains(&place) {
            self.opened.push(place);
            self.steps.push(format!("open {}", PLACES[place]));
        }
    }
}

/// The steps that reach the goal; `None` where an object of the goal is not in the house.
pub fn steps(house: &House, goal: &Goal) -> Option<Vec<String>> {
    let mut walk = Walk { steps: vec![], at: None, opened: vec![] };
    for object in goal.objects() {
        let (place, name) = (house.at(object)?, OBJECTS[object]);
        walk.open(place);
        walk.steps.push(format!("take {name} from {}", PLACES[place]));
        if goal.family == Family::Look {
            walk.go(LAMP);
            walk.steps.push("use lamp".into());
        }
        if let Some((appliance, verb, _)) = goal.family.treatment() {
            walk.go(appliance);
            walk.steps.push(format!("{verb} {name} with {}", PLACES[appliance]));
        }
        if let Some(target) = goal.target {
            walk.open(target);
            walk.steps.push(format!("put {name} {} {}", preposition(target), PLACES[target]));
        }
    }
    Some(walk.steps)
}
