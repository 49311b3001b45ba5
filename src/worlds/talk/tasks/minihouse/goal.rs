//! What is to be done in a house.

use serde::{Deserialize, Serialize};
use umwelt_base::random::Rng;

use super::GoalForm;
use super::house::House;
use super::names::{ALWAYS, FRIDGE, OBJECTS, PLACES, SINK, STOVE};
use super::shuffled;

/// A kind of goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// An object is put to another place.
    Put,
    /// An object is looked at by the lamp.
    Look,
    /// An object is cleaned, heated or cooled, and put to another place.
    Clean,
    Heat,
    Cool,
    /// Two objects are put to one place.
    PutTwo,
}

impl Family {
    pub const ALL: [Self; 6] = [Self::Put, Self::Look, Self::Clean, Self::Heat, Self::Cool, Self::PutTwo];

    pub fn name(self) -> &'static str {
        ["put", "look", "clean", "heat", "cool", "puttwo"][self as usize]
    }

    /// The appliance of the family, what it does, and the state that it leaves.
    pub fn treatment(self) -> Option<(usize, &'static str, &'static str)> {
        match self {
            Self::Clean => Some((SINK, "clean", "clean")),
            Self::Heat => Some((STOVE, "heat", "hot")),
            Self::Cool => Some((FRIDGE, "cool", "cold")),
            Self::Put | Self::Look | Self::PutTwo => None,
        }
    }
}

/// A goal in a house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goal {
    pub family: Family,
    pub first: usize,
    /// The other object of `puttwo`.
    pub second: Option<usize>,
    /// The place to put objects to; `look` has none.
    pub target: Option<usize>,
}

impl Goal {
    /// A goal of a family; `None` where an object lies at the target already.
    pub fn draw(family: Family, house: &House, rng: &mut Rng) -> Option<Self> {
        let order = shuffled(house.objects().len(), rng);
        let object = |at: usize| house.objects()[order[at]].0;
        let targets: Vec<usize> = house.numbers().iter().copied().filter(|place| *place >= ALWAYS).collect();
        let target = targets[rng.below(targets.len())];
        let goal = Self {
            family,
            first: object(0),
            second: (family == Family::PutTwo).then(|| object(1)),
            target: (family != Family::Look).then_some(target),
        };
        goal.objects().all(|object| house.at(object) != goal.target).then_some(goal)
    }

    pub fn objects(self) -> impl Iterator<Item = usize> {
        [Some(self.first), self.second].into_iter().flatten()
    }

    /// Each object with the target.
    pub fn pairs(self) -> impl Iterator<Item = (usize, usize)> {
        self.objects().filter_map(move |object| Some((object, self.target?)))
    }

    /// The goal in words: `put clean mug to desk`; `to desk put clean mug`, in which no place follows
    /// the name of an object; or `put clean mug from drawer to desk`. Places follow `to` and `from`, so
    /// that `mug on desk` stands in the list of objects alone.
    pub fn said(self, form: GoalForm, house: &House) -> String {
        let action = self.action(|object| match house.at(object).filter(|_| form == GoalForm::From) {
            Some(place) => format!("{} from {}", OBJECTS[object], PLACES[place]),
            None => OBJECTS[object].to_owned(),
        });
        let Some(target) = self.target.map(|target| PLACES[target]) else { return action };
        match form {
            GoalForm::From | GoalForm::Behind => format!("{action} to {target}"),
            GoalForm::TargetFirst | GoalForm::Before => format!("to {target} {action}"),
        }
    }

    /// The goal without its target: `put clean mug`.
    fn action(self, name: impl Fn(usize) -> String) -> String {
        let first = name(self.first);
        if self.target.is_none() {
            return format!("look at {first}");
        }
        let state = self.family.treatment().map_or(String::new(), |(_, _, state)| format!("{state} "));
        let second = self.second.map_or(String::new(), |object| format!(" and {}", name(object)));
        format!("put {state}{first}{second}")
    }
}
