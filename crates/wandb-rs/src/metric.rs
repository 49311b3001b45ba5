use crate::messages::{MetricOptions, MetricRecord, MetricSummary};

/// The definition of a metric: its axis, its goal and its values in the summary. See
/// [`Run::define_metric`](crate::Run::define_metric).
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    pub(crate) name: String,
    pub(crate) summary: Vec<Aggregate>,
    pub(crate) step_metric: Option<String>,
    goal: Option<Goal>,
    hidden: bool,
}

/// A value that a run's summary keeps of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// The mean of all values.
    Mean,
    /// The first value.
    First,
    /// The last value, the default for metrics without a definition.
    Last,
    /// No value.
    None,
}

/// The direction in which a metric improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Lower values are better.
    Minimize,
    /// Higher values are better.
    Maximize,
}

impl Metric {
    /// The metric of this name. A name that ends in `*` matches every metric with that prefix.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), summary: vec![], step_metric: None, goal: None, hidden: false }
    }

    /// Adds a value to the summary. Several calls add several values.
    pub fn summary(mut self, aggregate: Aggregate) -> Self {
        self.summary.push(aggregate);
        self
    }

    /// Sets the direction in which the metric improves.
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Sets the metric of the horizontal axis, in place of the step.
    pub fn step_metric(mut self, name: impl Into<String>) -> Self {
        self.step_metric = Some(name.into());
        self
    }

    /// Hides the metric: W&B draws no panel for it.
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The prefix of the matching metrics, if the name ends in `*`.
    pub(crate) fn prefix(&self) -> Option<&str> {
        self.name.strip_suffix('*')
    }

    /// A copy of this definition for one metric with the prefix.
    pub(crate) fn named(&self, name: &str) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    pub(crate) fn record(&self) -> MetricRecord {
        let (name, glob_name) = match self.prefix() {
            Some(_) => (String::new(), self.name.clone()),
            None => (self.name.clone(), String::new()),
        };
        let step_sync = self.step_metric.is_some();
        MetricRecord {
            name,
            glob_name,
            step_metric: self.step_metric.clone().unwrap_or_default(),
            options: Some(MetricOptions { step_sync, hidden: self.hidden, defined: true }),
            summary: (!self.summary.is_empty()).then(|| kept(&self.summary)),
            goal: self.goal.map_or(0, |goal| goal as i32 + 1),
            expanded_from_glob: false,
        }
    }

    pub(crate) fn from_record(record: MetricRecord) -> Self {
        let options = record.options.unwrap_or_default();
        Self {
            name: record.name + &record.glob_name,
            summary: record.summary.map_or(vec![], aggregates),
            step_metric: (!record.step_metric.is_empty()).then_some(record.step_metric),
            goal: match record.goal {
                1 => Some(Goal::Minimize),
                2 => Some(Goal::Maximize),
                _ => None,
            },
            hidden: options.hidden,
        }
    }
}

fn kept(aggregates: &[Aggregate]) -> MetricSummary {
    let keeps = |aggregate| aggregates.contains(&aggregate);
    MetricSummary {
        min: keeps(Aggregate::Min),
        max: keeps(Aggregate::Max),
        mean: keeps(Aggregate::Mean),
        last: keeps(Aggregate::Last),
        none: keeps(Aggregate::None),
        first: keeps(Aggregate::First),
    }
}

fn aggregates(kept: MetricSummary) -> Vec<Aggregate> {
    let all = [
        (kept.min, Aggregate::Min),
        (kept.max, Aggregate::Max),
        (kept.mean, Aggregate::Mean),
        (kept.first, Aggregate::First),
        (kept.last, Aggregate::Last),
        (kept.none, Aggregate::None),
    ];
    all.into_iter().filter_map(|(keeps, aggregate)| keeps.then_some(aggregate)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_survives_its_record() {
        let loss = Metric::new("loss").summary(Aggregate::Min).summary(Aggregate::Last);
        let loss = loss.goal(Goal::Maximize).step_metric("epoch").hidden();
        assert_eq!(Metric::from_record(loss.record()), loss);
        assert_eq!(loss.record().goal, 2);
        let all = Metric::new("val/*");
        assert_eq!(Metric::from_record(all.record()), all);
        assert_eq!((all.record().name.as_str(), all.record().glob_name.as_str()), ("", "val/*"));
    }
}
