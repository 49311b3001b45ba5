use std::collections::BTreeMap;

use super::*;
use crate::worlds::talk::tasks::{Episode, Outcome};

fn task() -> MiniHouse {
    MiniHouse::new(MiniHouseSettings::default(), 3)
}

fn problems(split: Split, count: u64) -> Vec<Problem> {
    (0..count).map(|number| task().problem(split, number, 6)).collect()
}

#[test]
fn oracles_reach_every_goal_in_as_few_steps_as_the_turns() {
    for split in Split::ALL {
        for problem in problems(split, 250) {
            let mut visit = task().visit(&problem).unwrap();
            let (last, before) = problem.turns.split_last().unwrap();
            for (at, (_, says)) in before.iter().enumerate() {
                // What the receiver reads next is in the reference conversation, too.
                assert_eq!(
                    visit.take(says).unwrap(),
                    Outcome::Goes(problem.turns[at + 1].0.clone()),
                    "{problem:?}"
                );
            }
            assert_eq!(visit.take(&last.1).unwrap(), Outcome::Over { success: true }, "{problem:?}");
            assert!(task().is_right(&problem, &problem.plan), "{problem:?}");
        }
    }
}

#[test]
fn families_and_plans_have_their_shares_and_lengths() {
    let problems = problems(Split::Training, 3000);
    let mut steps: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for problem in &problems {
        steps.entry(&problem.group).or_default().push(problem.turns.len());
    }
    for (family, expected) in
        [("put", 4.7), ("clean", 6.6), ("heat", 6.5), ("cool", 6.6), ("look", 4.4), ("puttwo", 9.0)]
    {
        let found = &steps[family];
        let mean = found.iter().sum::<usize>() as f64 / found.len() as f64;
        assert!((mean - expected).abs() < 0.25, "{family}: {mean}");
        assert!((found.len() as f64 / 3000.0 - 1.0 / 6.0).abs() < 0.025, "{family}: {}", found.len());
    }
    let (least, most) =
        (problems.iter().map(|p| p.turns.len()).min(), problems.iter().map(|p| p.turns.len()).max());
    assert!(least.unwrap() >= 3 && most.unwrap() <= 12, "{least:?} {most:?}");
}

#[test]
fn unseen_problems_alone_have_held_out_pairs_and_places() {
    assert_eq!(task().held_out.counts(), (26, 14));
    for (split, is_held_out) in [(Split::Training, false), (Split::Seen, false), (Split::Unseen, true)] {
        for number in 0..300 {
            let (house, goal) = task().draw(split, number, 6);
            assert_eq!(task().held_out.is_set(house.optional()), is_held_out);
            let pairs: Vec<bool> =
                goal.pairs().map(|(object, target)| task().held_out.is_pair(object, target)).collect();
            assert_eq!(pairs.contains(&true), is_held_out && goal.target.is_some());
        }
    }
}

#[test]
fn actions_without_their_conditions_change_nothing() {
    let is_in_drawer = |problem: &Problem| problem.plan.split(' ').nth(3) == Some("drawer");
    let mut problems = problems(Split::Seen, 300).into_iter();
    let problem = problems.find(|problem| problem.group == "clean" && is_in_drawer(problem)).unwrap();
    let mut visit = task().visit(&problem).unwrap();
    let object = problem.plan.split(' ').nth(1).unwrap().to_owned();
    for action in [
        format!("take {object} from drawer"),
        "open drawer".into(),
        "go to moon".into(),
        format!("clean {object} with sink"),
        "dance".into(),
    ] {
        assert_eq!(visit.act(&action), "nothing happens .", "{action}");
    }
    assert_eq!(visit.act("go to drawer"), "drawer is closed .");
    assert_eq!(visit.act(&format!("take {object} from drawer")), "nothing happens .");
    assert!(visit.act("open drawer").contains(&object));
    assert_eq!(visit.act(&format!("take {object} from drawer")), format!("you take {object} ."));
    assert!(!visit.is_won() && visit.is_over());
}

#[test]
fn guessers_seldom_succeed() {
    let share = task().best_guess();
    assert!((0.005..0.06).contains(&share), "{share}");
}

#[test]
fn every_word_is_known() {
    let words = task().words();
    for problem in problems(Split::Unseen, 200) {
        let turns = problem.turns.iter().flat_map(|(reads, says)| [reads, says]);
        for text in turns.chain([&problem.sender, &problem.plan]) {
            let unknown = text.split_whitespace().find(|word| !words.iter().any(|known| known == word));
            assert_eq!(unknown, None, "{text}");
        }
    }
}

#[test]
fn goals_say_from_where_objects_come() {
    let behind = MiniHouse::new(MiniHouseSettings { goal: GoalForm::Behind, ..Default::default() }, 3);
    for number in 0..200 {
        let (full, brief) = (task().problem(Split::Seen, number, 6), behind.problem(Split::Seen, number, 6));
        let (house, _) = task().draw(Split::Seen, number, 6);
        let (mut said, (before, goal)) = (full.sender.clone(), brief.sender.split_once(" goal : ").unwrap());
        assert!(said.starts_with(before));
        for (object, place) in house.objects() {
            said = said.replace(&format!("{} from {}", OBJECTS[*object], PLACES[*place]), OBJECTS[*object]);
        }
        assert!(said.ends_with(goal) && said != full.sender, "{}", full.sender);
        assert_eq!((full.plan, full.turns), (brief.plan, brief.turns));
    }
}

#[test]
fn no_place_follows_an_object_in_goals_with_their_target_first() {
    let house = |goal| MiniHouse::new(MiniHouseSettings { goal, ..MiniHouseSettings::default() }, 3);
    let [behind, first, before] = [GoalForm::Behind, GoalForm::TargetFirst, GoalForm::Before].map(house);
    for number in 0..200 {
        let [behind, first, before] =
            [&behind, &first, &before].map(|task| task.problem(Split::Seen, number, 6));
        assert_eq!((&behind.plan, &behind.turns), (&first.plan, &first.turns));
        let (house, goal) = behind.sender.split_once(" goal : ").unwrap();
        let (same, said) = first.sender.split_once(" goal : ").unwrap();
        assert_eq!((house, before.sender.as_str()), (same, format!("goal : {said} {house}").as_str()));
        match goal.split_once(" to ") {
            Some((action, target)) => {
                assert_eq!(said, format!("to {} {action} .", target.trim_end_matches(" .")));
                let behind_object = said.split(' ').skip(2);
                assert!(behind_object.into_iter().all(|word| !PLACES.contains(&word)), "{said}");
            }
            None => assert_eq!(said, goal),
        }
        assert!(task().is_right(&first, &first.plan));
    }
}
