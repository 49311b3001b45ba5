//! The search space: dimensions, when each applies, and what is left out.

use super::{
    condition::Condition,
    domain::Domain,
    numbers::Numbers,
    point::Point,
    setting::{Setting, value_of},
};
use umwelt_settings::Origin;

/// More runs than this are not a sweep but a mistake.
pub(super) const MOST_RUNS: usize = 100_000;
/// A grid may have so many times as many points before some are left out.
const MOST_EXCLUDED: usize = 10;

/// All that a sweep varies, but for the seed.
#[derive(Clone, Debug, Default)]
pub struct Space {
    /// In the order of the file, each after those that it depends on.
    pub dimensions: Vec<Dimension>,
    /// Points that fulfil all conditions of one of these are left out.
    pub excluded: Vec<Vec<Condition>>,
    /// Settings that do not vary.
    pub fixed: Vec<Setting>,
}

/// One thing that varies.
#[derive(Clone, Debug)]
pub struct Dimension {
    /// The dotted key of a parameter, or the name of a group or label.
    pub name: String,
    /// What its values stand for.
    pub kind: Kind,
    /// Its values.
    pub domain: Domain,
    /// When it applies; always if empty.
    pub when: Vec<Condition>,
    /// Where it was given.
    pub origin: Origin,
}

/// What the values of a dimension stand for.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Values of a setting.
    Parameter,
    /// Names of settings that vary together, in the order of the domain's choices.
    Group(Vec<Member>),
    /// Nothing but text for placeholders.
    Label,
}

/// What one name of a group stands for.
#[derive(Clone, Debug)]
pub struct Member {
    /// The name.
    pub name: String,
    /// Settings files, each with where it was named.
    pub configs: Vec<(String, Origin)>,
    /// Settings.
    pub settings: Vec<Setting>,
}

impl Space {
    /// A point whose dimensions are drawn one after another; those that do not apply are not asked for.
    pub fn draw(&self, mut draw: impl FnMut(usize, &Dimension) -> String) -> Point {
        let mut point = Point::default();
        for (position, dimension) in self.dimensions.iter().enumerate() {
            if self.applies(dimension, &point) {
                point.0.insert(dimension.name.clone(), draw(position, dimension));
            }
        }
        point
    }

    /// Whether a point is one of those that are left out.
    pub fn excludes(&self, point: &Point) -> bool {
        let holds = |condition: &Condition| condition.holds(self.value(&condition.key, point).as_deref());
        self.excluded.iter().any(|conditions| conditions.iter().all(holds))
    }

    /// All points, the first dimension varying slowest; nothing if there are too many or they cannot be counted.
    pub fn points(&self) -> Option<Vec<Point>> {
        let mut points = Vec::new();
        self.extend(0, &mut Point::default(), &mut points, &mut 0)?;
        Some(points)
    }

    /// Whether two draws are hardly ever the same and all are allowed: two numbers, written with six digits each.
    pub fn is_endless(&self) -> bool {
        let continuous = |dimension: &&Dimension| {
            dimension.when.is_empty()
                && matches!(dimension.domain, Domain::Numbers(Numbers { lattice: None, .. }))
        };
        self.excluded.is_empty() && self.dimensions.iter().filter(continuous).count() >= 2
    }

    /// The settings files and settings that the groups of a point bring.
    pub fn members<'a>(&'a self, point: &'a Point) -> impl Iterator<Item = &'a Member> {
        self.dimensions.iter().filter_map(|dimension| dimension.member(point))
    }

    fn applies(&self, dimension: &Dimension, point: &Point) -> bool {
        dimension.when.iter().all(|condition| condition.holds(self.value(&condition.key, point).as_deref()))
    }

    /// What a name or key is at a point, as a person would write it.
    fn value(&self, key: &str, point: &Point) -> Option<String> {
        if let Some(dimension) = self.dimensions.iter().find(|dimension| dimension.name == key)
            && let Some(text) = point.get(key)
        {
            return Some(dimension.domain.shown(text).to_owned());
        }
        let in_group = self.members(point).find_map(|member| value_of(&member.settings, key));
        in_group.or_else(|| value_of(&self.fixed, key))
    }

    /// Adds all points that begin as `point` does; `seen` counts those that are left out too.
    fn extend(
        &self,
        depth: usize,
        point: &mut Point,
        points: &mut Vec<Point>,
        seen: &mut usize,
    ) -> Option<()> {
        let Some(dimension) = self.dimensions.get(depth) else {
            *seen += 1;
            if !self.excludes(point) {
                points.push(point.clone());
            }
            return (points.len() <= MOST_RUNS && *seen <= MOST_EXCLUDED * MOST_RUNS).then_some(());
        };
        if !self.applies(dimension, point) {
            return self.extend(depth + 1, point, points, seen);
        }
        if dimension.domain.count()? > MOST_RUNS {
            return None;
        }
        for text in dimension.domain.texts()? {
            point.0.insert(dimension.name.clone(), text);
            self.extend(depth + 1, point, points, seen)?;
        }
        point.0.remove(&dimension.name);
        Some(())
    }
}

impl Dimension {
    fn member(&self, point: &Point) -> Option<&Member> {
        let (Kind::Group(members), Domain::Choices(choices)) = (&self.kind, &self.domain) else {
            return None;
        };
        let chosen = point.get(&self.name)?;
        members.iter().zip(choices).find(|(_, choice)| choice.text == chosen).map(|(member, _)| member)
    }
}
