//! `umwelt runs ls`.

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::all_runs;
use crate::registry::{self, Filter, Query, Registry};
use crate::runs::{RunState, unix_seconds};
use umwelt_base::terminal::{self, print};

/// List runs, the newest first
#[derive(Args, Debug)]
#[command(after_help = "\
A filter compares a column with a value. A run must match all filters:
  umwelt runs ls vicreg.base_lr=0.2 'prediction.rmse_px<1' 'dataset_noise>=1' 'model_type!=RSSM' name~quick

The columns are the settings by dotted key, the scores, and:
  name state progress step steps phase message age started_at heartbeat training_seconds evaluating_seconds")]
pub struct ListArguments {
    /// KEY=VALUE, KEY!=VALUE, KEY<NUMBER, KEY>=NUMBER, KEY~PART or KEY!~PART
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,

    /// Only runs of this sweep
    #[arg(long)]
    group: Option<String>,

    /// Only runs in this state
    #[arg(long)]
    state: Option<RunState>,

    /// Only runs of this model_type
    #[arg(long)]
    model: Option<String>,

    /// The column to sort by, smallest first
    #[arg(long, value_name = "COLUMN", default_value = "age")]
    sort: String,

    /// Largest first
    #[arg(long)]
    reverse: bool,

    /// The columns to list
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    columns: Vec<String>,

    /// The largest number of runs to list
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// The output format; json without --columns holds all columns
    #[arg(long, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
    Markdown,
}

pub fn list(registry: &Registry, arguments: &ListArguments) -> Result<()> {
    let (query, now) = (arguments.query()?, unix_seconds());
    let all = all_runs(registry)?;
    let count = all.len();
    let listed = if all.is_empty() {
        all
    } else {
        arguments.columns.iter().try_for_each(|column| registry::check_key(column, &all))?;
        query.select(all, now)?
    };
    let given = (!arguments.columns.is_empty()).then_some(&*arguments.columns);
    let columns = given.map_or_else(|| registry::default_columns(&listed), <[_]>::to_vec);
    print(match arguments.format {
        Format::Json => registry::json(&listed, given, now),
        Format::Csv => registry::csv(&listed, &columns, now)?,
        Format::Table if listed.is_empty() => String::new(),
        Format::Table => registry::table(&listed, &columns, now).to_string(),
        Format::Markdown => registry::table(&listed, &columns, now).to_markdown(),
    })?;
    let root = registry.root().display();
    if count == 0 {
        terminal::note(format!(
            "no runs in {root} yet; make one with `umwelt train --configs experiments/quick.yaml`, \
             or name another folder with --root"
        ));
    } else if listed.is_empty() {
        terminal::note(format!("no run in {root} matches (of {count})"));
    }
    Ok(())
}

impl ListArguments {
    fn query(&self) -> Result<Query> {
        let typed = self.filters.iter().map(|typed| typed.parse());
        let mut filters = typed.collect::<Result<Vec<Filter>, _>>()?;
        filters.extend(self.state.map(|state| Filter::equal("state", &state.to_string())));
        filters.extend(self.model.as_ref().map(|model| Filter::equal("model_type", model)));
        Ok(Query {
            filters,
            group: self.group.clone(),
            sort: self.sort.clone(),
            reverse: self.reverse,
            limit: self.limit,
        })
    }
}
