//! A visitor in a house: what actions do.

use anyhow::Result;

use super::super::{Episode, Outcome};
use super::goal::{Family, Goal};
use super::house::House;
use super::names::{LAMP, OBJECTS, PLACES, closes, preposition};

const NOTHING: &str = "nothing happens .";

/// A house that changes as its visitor acts.
pub struct Visit {
    house: House,
    goal: Goal,
    /// The most steps.
    most: usize,
    steps: usize,
    at: Option<usize>,
    opened: Vec<usize>,
    held: Option<usize>,
    /// Objects that lie somewhere, with their places.
    lying: Vec<(usize, usize)>,
    /// Objects and the states that appliances left.
    treated: Vec<(usize, &'static str)>,
    won: bool,
    over: bool,
}

impl Visit {
    /// A visitor who stands nowhere yet and may take `most` steps.
    pub fn of(house: House, goal: Goal, most: usize) -> Self {
        let lying = house.objects().to_vec();
        Self {
            house,
            goal,
            most,
            steps: 0,
            at: None,
            opened: vec![],
            held: None,
            lying,
            treated: vec![],
            won: false,
            over: false,
        }
    }

    pub fn is_won(&self) -> bool {
        self.won
    }

    pub fn is_over(&self) -> bool {
        self.over || self.steps >= self.most
    }

    /// Does what the words say; what the visitor sees then.
    pub fn act(&mut self, action: &str) -> String {
        self.steps += 1;
        let words: Vec<&str> = action.split_whitespace().collect();
        let seen = match words.as_slice() {
            ["go", "to", place] => self.go(place),
            ["open", place] => self.open(place),
            ["take", object, "from", place] => self.take(object, place),
            ["put", object, "in" | "on", place] => self.put(object, place),
            [verb @ ("clean" | "heat" | "cool"), object, "with", place] => self.treat(verb, object, place),
            ["use", "lamp"] => self.look(),
            _ => None,
        };
        self.won = self.won || self.is_reached();
        self.over = self.over || self.won;
        seen.unwrap_or_else(|| NOTHING.to_owned())
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.house.numbers().iter().copied().find(|place| PLACES[*place] == name)
    }

    /// The place of this name if the visitor stands there.
    fn here(&self, name: &str) -> Option<usize> {
        self.place(name).filter(|place| self.at == Some(*place))
    }

    fn is_open(&self, place: usize) -> bool {
        !closes(place) || self.opened.contains(&place)
    }

    fn go(&mut self, name: &str) -> Option<String> {
        let place = self.place(name)?;
        self.at = Some(place);
        Some(if self.is_open(place) { self.content(place) } else { format!("{name} is closed .") })
    }

    fn open(&mut self, name: &str) -> Option<String> {
        let place = self.here(name).filter(|place| !self.is_open(*place))?;
        self.opened.push(place);
        Some(self.content(place))
    }

    fn content(&self, place: usize) -> String {
        let here = self.lying.iter().filter(|(_, at)| *at == place);
        let names: Vec<&str> = here.map(|(object, _)| OBJECTS[*object]).collect();
        let names = if names.is_empty() { "nothing".to_owned() } else { names.join(" , ") };
        format!("{} {} : {names} .", preposition(place), PLACES[place])
    }

    fn take(&mut self, object: &str, place: &str) -> Option<String> {
        let place = self.here(place).filter(|place| self.is_open(*place) && self.held.is_none())?;
        let at = self.lying.iter().position(|(known, at)| OBJECTS[*known] == object && *at == place)?;
        let (number, _) = self.lying.remove(at);
        self.held = Some(number);
        Some(format!("you take {object} ."))
    }

    fn put(&mut self, object: &str, place: &str) -> Option<String> {
        let place = self.here(place).filter(|place| self.is_open(*place))?;
        let number = self.held.filter(|held| OBJECTS[*held] == object)?;
        self.held = None;
        self.lying.push((number, place));
        Some(format!("you put {object} ."))
    }

    fn treat(&mut self, verb: &str, object: &str, place: &str) -> Option<String> {
        let (place, number) = (self.here(place)?, self.held.filter(|held| OBJECTS[*held] == object)?);
        let all = Family::ALL.into_iter().filter_map(Family::treatment);
        let (_, _, state) = all.into_iter().find(|(at, known, _)| *at == place && *known == verb)?;
        self.treated.retain(|(treated, _)| *treated != number);
        self.treated.push((number, state));
        Some(format!("{object} is {state} ."))
    }

    fn look(&mut self) -> Option<String> {
        self.here(PLACES[LAMP])?;
        if self.goal.family == Family::Look {
            self.over = true;
            self.won = self.held == Some(self.goal.first);
        }
        Some("lamp is on .".into())
    }

    fn is_reached(&self) -> bool {
        let state = self.goal.family.treatment().map(|(_, _, state)| state);
        let is_treated = |object: usize| state.is_none_or(|state| self.treated.contains(&(object, state)));
        let lies =
            |object: usize| self.goal.target.is_some_and(|target| self.lying.contains(&(object, target)));
        self.goal.target.is_some() && self.goal.objects().all(|object| lies(object) && is_treated(object))
    }
}

impl Episode for Visit {
    /// The action stands behind the last colon: `step 3 : open drawer`.
    fn take(&mut self, written: &str) -> Result<Outcome> {
        let action = written.rsplit(" : ").next().unwrap_or(written);
        let seen = self.act(action.trim());
        Ok(match self.is_over() {
            true => Outcome::Over { success: self.won },
            false => Outcome::Goes(format!("obs : {seen}")),
        })
    }
}
