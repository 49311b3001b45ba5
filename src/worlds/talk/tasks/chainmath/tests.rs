use std::collections::HashSet;

use super::*;
use crate::worlds::talk::tasks::math::{Answer, boxed};
use crate::worlds::talk::tasks::{Episode, Outcome};

fn task() -> ChainMath {
    ChainMath::new(ChainMathSettings::default(), Equality::Numeric, 3)
}

fn problems(split: Split, count: u64) -> Vec<Problem> {
    (0..count).map(|number| task().problem(split, number, LEVELS)).collect()
}

/// The result of an answer's text, worked out from its own operands.
fn executed(answer: &str) -> Vec<(i64, i64)> {
    let steps = answer.split(" ; ").filter(|step| step.contains('='));
    let step = |step: &str| {
        let words: Vec<&str> = step.split(' ').collect();
        let number = |at: usize| words[at].parse::<i64>().unwrap();
        let value = match words[2] {
            "+" => number(1) + number(3),
            "-" => number(1) - number(3),
            _ => number(1) * number(3),
        };
        (value.rem_euclid(10), number(5))
    };
    steps.map(step).collect()
}

#[test]
fn answers_are_right_and_begin_with_the_start() {
    for split in Split::ALL {
        for problem in problems(split, 300) {
            let (prompt, answer) = &problem.turns[0];
            let steps = executed(answer);
            assert!(steps.iter().all(|(value, stated)| value == stated), "{answer}");
            assert_eq!(boxed(answer).unwrap(), steps.last().unwrap().1.to_string());
            assert_eq!(prompt.split(' ').nth(1), answer.split(' ').nth(1));
            assert_eq!(problem.group, format!("level {}", steps.len()));
        }
    }
}

#[test]
fn plans_sentences_and_answers_state_the_same_operations() {
    let problem = Problem {
        id: String::new(),
        ..ChainMath::new(ChainMathSettings { plan: PlanForm::Long, modulus: 10 }, Equality::Numeric, 3)
            .problem(Split::Seen, 5, LEVELS)
    };
    let short = task().problem(Split::Seen, 5, LEVELS);
    assert_eq!((&problem.sender, &problem.turns), (&short.sender, &short.turns));
    let operations = [Operation::Times(2), Operation::Subtract(7), Operation::Times(3), Operation::Add(3)];
    let plan = |plan| {
        ChainMath::new(ChainMathSettings { plan, modulus: 10 }, Equality::Numeric, 3)
            .plan(numbered(&operations))
    };
    assert_eq!(plan(PlanForm::Short), "first times 2 , second subtract 7 , third times 3 , fourth add 3 .");
    assert_eq!(plan(PlanForm::Lossy), "first times , second subtract , third times , fourth add .");
    assert!(
        plan(PlanForm::Long)
            .starts_with("first : the box is doubled , so times 2 . second : the box loses 7 , so")
    );
    let answer = task().answer(&Chain { start: 8, operations: operations[..2].to_vec() });
    assert_eq!(answer, "first 8 * 2 = 6 ; second 6 - 7 = 9 ; answer \\boxed { 9 }");
}

#[test]
fn several_senders_read_the_operations_in_turns() {
    let of = |plan, senders| {
        let settings = ChainMathSettings { plan, modulus: 10 };
        ChainMath::new(settings, Equality::Numeric, 3).shared_by(senders, false)
    };
    for plan in [PlanForm::Short, PlanForm::Long, PlanForm::Lossy] {
        let (one, three) = (of(plan, 1), of(plan, 3));
        for number in 0..50 {
            let (whole, shared) =
                (one.problem(Split::Seen, number, 5), three.problem(Split::Seen, number, 5));
            assert!(whole.shares.is_empty() && whole.read_by(2) == whole);
            assert_eq!((&whole.plan, &whole.turns), (&shared.plan, &shared.turns));
            let said: Vec<Problem> = (0..3).map(|who| shared.read_by(who)).collect();
            // Every word of the operations is read by one sender, with the ordinal before it.
            let words = |text: &str| text.split_whitespace().filter(|word| *word != ":").count();
            let operations = whole.turns[0].1.matches('=').count();
            let read: usize = said.iter().map(|said| words(&said.sender)).sum();
            assert_eq!(read, words(&whole.sender) + operations, "{said:?}");
            assert!(said[0].sender.starts_with("first : the box"), "{said:?}");
            assert!(said.iter().skip(operations).all(|said| said.sender.is_empty() && said.plan == "."));
            assert!(said.iter().all(|said| three.is_right(said, &said.plan)));
            assert_eq!(said[2].sender.contains("third : "), operations > 2, "{said:?}");
            // In a chain the last plan is the whole, and each has the steps of the one before it.
            let chained = of(plan, 3).shared_by(3, true).problem(Split::Seen, number, 5);
            assert_eq!(chained.read_by(2).plan, whole.plan);
            let steps = |who: usize| chained.read_by(who).plan.trim_end_matches(" .").split(" , ").count();
            assert!(plan == PlanForm::Long || (steps(0) <= steps(1) && steps(1) <= steps(2)));
            assert!((0..3).all(|who| chained.read_by(who).sender == said[who].sender));
        }
    }
}

#[test]
fn unseen_problems_alone_have_held_out_pairs() {
    let pairs = |problems: &[Problem]| -> HashSet<String> {
        let of = |problem: &Problem| {
            let steps: Vec<String> = problem
                .plan
                .trim_end_matches(" .")
                .split(" , ")
                .map(|step| step.split_once(' ').unwrap().1.to_owned())
                .collect();
            steps.windows(2).map(|pair| pair.join(" then ")).collect::<Vec<_>>()
        };
        problems.iter().flat_map(of).collect()
    };
    let known = pairs(
        &[problems(Split::Pretraining, 4000), problems(Split::Training, 4000), problems(Split::Seen, 1000)]
            .concat(),
    );
    // 320 of 400 ordered pairs.
    assert!((318..=320).contains(&known.len()), "{}", known.len());
    let new: Vec<bool> = problems(Split::Unseen, 500)
        .iter()
        .map(|problem| pairs(std::slice::from_ref(problem)).iter().any(|pair| !known.contains(pair)))
        .collect();
    assert!(new.iter().all(|new| *new));
}

#[test]
fn levels_and_operations_have_their_shares() {
    let problems = problems(Split::Training, 6000);
    for level in 1..=LEVELS {
        let share = problems.iter().filter(|p| p.group == format!("level {level}")).count() as f64 / 6000.0;
        assert!((share - 0.2).abs() < 0.02, "{level}: {share}");
    }
    let first = problems.iter().filter(|p| p.plan.starts_with("first times")).count() as f64 / 6000.0;
    assert!((first - 0.25).abs() < 0.02, "{first}");
    assert_eq!(problems[17].id, "chainmath/training/17");
    assert_ne!(problems[17].sender, task().problem(Split::Seen, 17, LEVELS).sender);
}

#[test]
fn the_best_guess_without_a_message_is_little_better_than_chance() {
    let guess = task().best_guess();
    assert!((0.11..0.14).contains(&guess), "{guess}");
}

#[test]
fn an_answer_is_right_by_its_box() {
    let problem = task().problem(Split::Seen, 0, LEVELS);
    let right = boxed(&problem.turns[0].1).unwrap();
    let take = |text: &str| Answer::new(&problem, Equality::Numeric).take(text).unwrap();
    assert_eq!(take(&format!("\\boxed {{ {right} }}")), Outcome::Over { success: true });
    assert_eq!(take(&format!("the answer is {right}")), Outcome::Over { success: false });
}
