//! Settings that several senders need, and those that are of a single one.

use super::{StageName, TalkSettings, TaskName, Topology};
use crate::settings::check::{InvalidSetting, refuse};
use crate::worlds::talk::tasks::chainmath;

/// The most senders.
const MOST: usize = 8;

/// Checks the settings of several senders.
///
/// # Errors
/// When there is one sender, or too many, or a setting is of a single one.
pub fn check(talk: &TalkSettings) -> Result<(), InvalidSetting> {
    let count = talk.senders.len();
    if count == 0 {
        let one = "is the number of one of talk.senders, of which there is none";
        return match (talk.collect.sender, talk.actor.reader, talk.topology) {
            (0, None, Topology::Tree) => Ok(()),
            (0, None, Topology::Chain) => refuse("topology", "chain needs talk.senders"),
            (0, Some(_), _) => refuse("actor.reader", one),
            _ => refuse("collect.sender", one),
        };
    }
    let most = if talk.task == TaskName::ChainMath { chainmath::LEVELS } else { MOST };
    if count == 1 || count > most {
        return refuse("senders", format!("must be from 2 to {most}; a single one is talk.sender"));
    }
    if talk.collect.sender >= count {
        return refuse("collect.sender", format!("must be below the number of talk.senders, {count}"));
    }
    if talk.topology == Topology::Chain && talk.task.is_real() {
        return refuse("topology", "cannot be chain here: senders learn to read from reference plans");
    }
    if let Some(reader) = talk.actor.reader.filter(|reader| !talk.reads_another(*reader) || *reader >= count)
    {
        return refuse(
            "actor.reader",
            format!("is {reader}, which is no sender of a chain that reads another"),
        );
    }
    let given = [
        ("sender", talk.sender.is_some()),
        ("student", talk.student.is_some()),
        ("collected", talk.collected.is_some()),
    ];
    if let Some((key, _)) = given.into_iter().find(|(_, given)| *given) {
        return refuse(key, "is of a single sender, and talk.senders names several");
    }
    if let StageName::Compress | StageName::Fuse | StageName::Analyse = talk.stage {
        return refuse("stage", "is of a single sender, and talk.senders names several");
    }
    Ok(())
}
