//! MiniHouse: household tasks of many turns. The sender knows the house and the goal, the receiver
//! the places alone.

mod bridge;
mod episode;
mod goal;
mod guess;
mod house;
mod names;
mod oracle;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use umwelt_base::random::{Rng, Stream};

use self::goal::Goal;
use self::house::House;
use self::names::{HeldOut, OBJECTS, PLACES};
use super::{Problem, Split, Texts, place};

pub use self::bridge::answer;
pub use self::episode::Visit;
pub use self::goal::Family;

pub const TEXTS: Texts = Texts {
    system: "",
    plan_request: "write a plan .",
    bridge: "follow the plan :",
    plan_tokens: 120,
    turn_tokens: 16,
};
/// Objects in a house.
const OBJECTS_IN_A_HOUSE: usize = 5;
/// Steps that are allowed beyond those of the shortest plan.
const SPARE: usize = 2;

/// The settings of MiniHouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MiniHouseSettings {
    /// The kinds of goals, the easiest first.
    pub families: Vec<Family>,
    /// Shows the goal to the receiver.
    pub partial: bool,
    /// Leaves out of plans where objects are.
    pub lossy: bool,
    /// The place and the form of the goal in the sender's prompt.
    pub goal: GoalForm,
}

/// The place and the form of a goal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoalForm {
    /// Behind the list of objects, with the place of each object: `put mug from drawer to desk`. The
    /// sender does not need to look it up in the list.
    #[default]
    From,
    /// Behind the list of objects: `put mug to desk`. The object is named twice, and a place
    /// follows both times.
    Behind,
    /// Behind the list of objects: `to desk put mug`. A place follows the object in the list alone.
    TargetFirst,
    /// The same before the list, so that a model can mark the object when it reads the list.
    Before,
}

impl Default for MiniHouseSettings {
    fn default() -> Self {
        Self { families: Family::ALL.to_vec(), partial: false, lossy: false, goal: GoalForm::default() }
    }
}

/// The problems of a seed.
#[derive(Clone, Debug)]
pub struct MiniHouse {
    settings: MiniHouseSettings,
    held_out: HeldOut,
    seed: u64,
}

impl MiniHouse {
    pub fn new(settings: MiniHouseSettings, seed: u64) -> Self {
        Self { settings, held_out: HeldOut::new(), seed }
    }

    pub fn levels(&self) -> usize {
        self.settings.families.len()
    }

    /// Problem `number` of a split, of the first `level` families.
    pub fn problem(&self, split: Split, number: u64, level: usize) -> Problem {
        let (house, goal) = self.draw(split, number, level);
        let steps = oracle::steps(&house, &goal).expect("a goal can be reached");
        let places = format!("places : {} .", house.places().join(" "));
        let said = goal.said(self.settings.goal, &house);
        let first = if self.settings.partial { format!("{places} goal : {said} .") } else { places };
        let mut visit = Visit::of(house.clone(), goal, steps.len());
        let mut turns = vec![];
        let mut reads = first;
        for (number, step) in steps.iter().enumerate() {
            let says = format!("step {} : {step}", number + 1);
            let observation = visit.act(step);
            turns.push((std::mem::replace(&mut reads, format!("obs : {observation}")), says));
        }
        Problem {
            id: format!("minihouse/{}/{number}", split.name()),
            group: goal.family.name().to_owned(),
            sender: self.prompt(&house, &said),
            plan: self.plan(&house, &goal, &steps),
            turns,
            ..Problem::default()
        }
    }

    /// The house and the goal of a problem.
    pub fn draw(&self, split: Split, number: u64, level: usize) -> (House, Goal) {
        let mut rng = Stream::new(self.seed, &format!("minihouse {}", split.name())).at(&[number]);
        let families = &self.settings.families[..level.clamp(1, self.levels())];
        let family = families[rng.below(families.len())];
        loop {
            let house = House::draw(&mut rng);
            let goal = Goal::draw(family, &house, &mut rng);
            if let Some(goal) = goal.filter(|goal| self.belongs(split, &house, goal)) {
                return (house, goal);
            }
        }
    }

    /// Unseen problems have a held-out set of places, and a held-out pair where there is a target;
    /// the others have neither.
    fn belongs(&self, split: Split, house: &House, goal: &Goal) -> bool {
        let set = self.held_out.is_set(house.optional());
        let pairs: Vec<bool> =
            goal.pairs().map(|(object, target)| self.held_out.is_pair(object, target)).collect();
        match split {
            Split::Unseen => set && (pairs.is_empty() || pairs.contains(&true)),
            _ => !set && !pairs.contains(&true),
        }
    }

    /// The text that the sender reads.
    fn prompt(&self, house: &House, goal: &str) -> String {
        let house = format!("house : {} . {} .", house.places().join(" "), house.inventory());
        match self.settings.goal {
            GoalForm::From | GoalForm::Behind | GoalForm::TargetFirst => format!("{house} goal : {goal} ."),
            GoalForm::Before => format!("goal : {goal} . {house}"),
        }
    }

    fn plan(&self, house: &House, goal: &Goal, steps: &[String]) -> String {
        let find = |object: usize| match self.settings.lossy {
            true => format!("find {} .", OBJECTS[object]),
            false => format!("find {} {} .", OBJECTS[object], house.place_of(object)),
        };
        let mut parts: Vec<String> = goal.objects().map(find).collect();
        if self.settings.lossy {
            parts.push(format!("{} .", goal.said(GoalForm::Behind, house)));
        } else {
            parts.extend(steps.iter().enumerate().map(|(at, step)| format!("step {} : {step} .", at + 1)));
        }
        parts.join(" ") + " done ."
    }

    /// True if the steps of the plan reach the goal; a lossy plan must be the reference.
    pub fn is_right(&self, problem: &Problem, plan: &str) -> bool {
        if self.settings.lossy {
            return problem.plan == plan.trim();
        }
        let Some(mut visit) = self.visit(problem) else { return false };
        let steps = plan.split(" . ").filter_map(|part| part.strip_prefix("step ")?.split_once(" : "));
        steps.map(|(_, action)| action).any(|action| {
            visit.act(action.trim_end_matches(" ."));
            visit.is_won()
        })
    }

    /// The problem's house with a visitor in it.
    pub fn visit(&self, problem: &Problem) -> Option<Visit> {
        let (split, number) = place(&problem.id)?;
        let (house, goal) = self.draw(split, number, self.levels());
        let most = oracle::steps(&house, &goal)?.len() + SPARE;
        Some(Visit::of(house, goal, most))
    }

    /// Every word of the task's texts.
    pub fn words(&self) -> Vec<String> {
        let texts = "house : ; , . goal places write a plan follow the find step go to open take from put in on \
                     with use obs is closed nothing happens you clean hot cold heat cool look at and done";
        let numbers = (0..20).map(|number| number.to_string());
        let names = OBJECTS.iter().chain(&PLACES).copied().chain(texts.split_whitespace()).map(str::to_owned);
        names.chain(numbers).collect()
    }

    /// The success of the better of two guessers that walk, take what they find, and try.
    pub fn best_guess(&self) -> f64 {
        guess::best(self)
    }
}

fn shuffled(count: usize, rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    rng.shuffle(&mut order);
    order
}
