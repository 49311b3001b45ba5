//! The search space: dimensions, their conditions, and excluded points.

use super::{
    condition::Condition,
    domain::Domain,
    numbers::Numbers,
    point::Point,
    setting::{Setting, value_of},
};
use umwelt_settings::Origin;

/// The most runs of a sweep; more are taken for a mistake.
pub(super) const MOST_RUNS: usize = 100_000;
/// The most points of a grid before exclusions, as a multiple of [`MOST_RUNS`].
const MOST_EXCLUDED: usize = 10;

/// The search space of a sweep, without the seed.
#[derive(Clone, Debug, Default)]
pub struct Space {
    /// The dimensions in the order of the file, each behind those that it depends on.
    pub dimensions: Vec<Dimension>,
    /// Lists of conditions; a point that fulfils all conditions of one list is excluded.
    pub excluded: Vec<Vec<Condition>>,
    /// The settings that do not vary.
    pub fixed: Vec<Setting>,
}

/// One dimension of the search space.
#[derive(Clone, Debug)]
pub struct Dimension {
    /// The dotted key of a parameter, or the name of a group or label.
    pub name: String,
    /// The meaning of its values.
    pub kind: Kind,
    /// The values that it can take.
    pub domain: Domain,
    /// The conditions under which it applies; always if empty.
    pub when: Vec<Condition>,
    /// The place in the sweep file.
    pub origin: Origin,
}

/// The meaning of a dimension's values.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Values of a setting.
    Parameter,
    /// Names of settings that vary together, in the order of the domain's choices.
    Group(Vec<Member>),
    /// Texts for placeholders.
    Label,
}

/// One name of a group, with the files and settings that it selects.
#[derive(Clone, Debug)]
pub struct Member {
    /// The name.
    pub name: String,
    /// The settings files, each with its place in the sweep file.
    pub configs: Vec<(String, Origin)>,
    /// The settings.
    pub settings: Vec<Setting>,
}

impl Space {
    /// A point from one call of `draw` for each dimension that applies, in order.
    pub fn draw(&self, mut draw: impl FnMut(usize, &Dimension) -> String) -> Point {
        let mut point = Point::default();
        for (position, dimension) in self.dimensions.iter().enumerate() {
            if self.applies(dimension, &point) {
                point.0.insert(dimension.name.clone(), draw(position, dimension));
            }
        }
        point
    }

    /// True for an excluded point.
    pub fn excludes(&self, point: &Point) -> bool {
        let holds = |condition: &Condition| condition.holds(self.value(&condition.key, point).as_deref());
        self.excluded.iter().any(|conditions| conditions.iter().all(holds))
    }

    /// All points, the first dimension varying slowest; `None` if they are too many or uncountable.
    pub fn points(&self) -> Option<Vec<Point>> {
        let mut points = Vec::new();
        self.extend(0, &mut Point::default(), &mut points, &mut 0)?;
        Some(points)
    }

    /// True if repeated draws are so unlikely that none need be recorded: no exclusions, and at
    /// least two unconditional continuous dimensions, of six digits each.
    pub fn is_endless(&self) -> bool {
        let continuous = |dimension: &&Dimension| {
            dimension.when.is_empty()
                && matches!(dimension.domain, Domain::Numbers(Numbers { lattice: None, .. }))
        };
        self.excluded.is_empty() && self.dimensions.iter().filter(continuous).count() >= 2
    }

    /// The group members that a point selects.
    pub fn members<'a>(&'a self, point: &'a Point) -> impl Iterator<Item = &'a Member> {
        self.dimensions.iter().filter_map(|dimension| dimension.member(point))
    }

    fn applies(&self, dimension: &Dimension, point: &Point) -> bool {
        dimension.when.iter().all(|condition| condition.holds(self.value(&condition.key, point).as_deref()))
    }

    /// The value of a name or key at a point, as a person writes it.
    fn value(&self, key: &str, point: &Point) -> Option<String> {
        if let Some(dimension) = self.dimensions.iter().find(|dimension| dimension.name == key)
            && let Some(text) = point.get(key)
        {
            return Some(dimension.domain.shown(text).to_owned());
        }
        let in_group = self.members(point).find_map(|member| value_of(&member.settings, key));
        in_group.or_else(|| value_of(&self.fixed, key))
    }

    /// Adds all points that extend `point` from dimension `depth` on, and counts them, excluded
    /// ones too, in `seen`. `None` if they are too many or uncountable.
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
