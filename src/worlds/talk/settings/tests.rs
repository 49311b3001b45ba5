//! Which settings a stage depends on.

use super::{Settings, StageName, TalkSettings, Topology};
use crate::schema::RunSettings;
use crate::settings::{differences, has_key, identity, keys_of, result_differences};
use crate::worlds::WorldSettings;

const STAGES: [StageName; 6] = [
    StageName::Pretrain,
    StageName::Collect,
    StageName::Convert,
    StageName::Actor,
    StageName::Compress,
    StageName::Fuse,
];

/// A run with the default settings but for those that `change` sets.
fn run(change: impl FnOnce(&mut TalkSettings)) -> RunSettings {
    let mut settings = Box::new(Settings::default());
    change(&mut settings.talk);
    RunSettings { world: WorldSettings::Talk(settings), ..RunSettings::default() }
}

#[test]
fn a_run_of_one_stage_depends_on_no_setting_of_a_later_one() {
    let later: [fn(&mut TalkSettings); 3] = [
        |talk| talk.evaluate.max_new_tokens = Some(7),
        |talk| talk.eval_tasks = 7,
        |talk| talk.analyse.problems = 7,
    ];
    for stage in STAGES {
        let of_stage = run(|talk| talk.stage = stage);
        for change in later {
            let other = run(|talk| {
                talk.stage = stage;
                change(talk);
            });
            assert_eq!(differences(&of_stage, &other).len(), 1);
            assert!(result_differences(&of_stage, &other).is_empty(), "{stage:?}");
            assert_eq!(identity(&of_stage), identity(&other), "{stage:?}");
        }
        let other = run(|talk| (talk.stage, talk.pretrain.steps) = (stage, 7));
        assert_ne!(identity(&of_stage), identity(&other), "{stage:?}");
    }
    later.iter().for_each(|change| assert_ne!(identity(&run(|_| {})), identity(&run(change))));
}

#[test]
fn messages_depend_on_the_training_of_a_receiver_where_their_sender_reads_others() {
    let identity = |who, steps| {
        identity(&run(|talk| {
            (talk.stage, talk.topology) = (StageName::Collect, Topology::Chain);
            (talk.collect.sender, talk.actor.steps) = (who, steps);
        }))
    };
    assert_eq!(identity(0, 7), identity(0, 8));
    assert_ne!(identity(1, 7), identity(1, 8));
}

#[test]
fn each_section_of_a_stage_is_a_key() {
    let keys = keys_of(&TalkSettings::default());
    for stage in STAGES {
        let talk = TalkSettings { stage, ..TalkSettings::default() };
        for section in talk.sections().unwrap() {
            assert!(has_key(&keys, section), "{stage:?}: {section}");
        }
    }
}
