//! What a table says, and what is wrong with it.

use super::report::{Line, Report};
use super::statistics::wilson;

/// The divergence (bits) below which a receiver does not read its messages.
const LEAST_BITS: f64 = 0.02;
/// The gain over silence (a share) below which it does not.
const LEAST_GAIN: f64 = 0.2;
/// The difference (a share) within which the order of rows is not used.
const SAME: f64 = 0.02;
/// Channels whose messages carry nothing of the problem.
const EMPTY: [&str; 6] = ["empty_pair", "cross_task", "cross_text", "white_noise", "norm_noise", "zeros"];

/// The failures that a table shows, one sentence each.
pub fn alarms(report: &Report) -> Vec<String> {
    let mut found = vec![];
    // Where the best guess is not known, a receiver may know more than its message.
    let guess = report.best_guess.unwrap_or(1.0);
    for line in ["cross_task", "no_comm"].into_iter().filter_map(|name| report.line(name)) {
        if line.seen.share() > 2.0 * guess {
            found.push(format!(
                "the answer leaks: {} solves {}, twice the best guess or more",
                line.channel,
                percent(line)
            ));
        }
    }
    let (full, silence) = (report.line("latent_full"), report.line("no_comm"));
    if let (Some(full), Some(silence)) = (full, silence)
        && (full.seen.share() < silence.seen.share() + LEAST_GAIN || full.seen.js_bits < LEAST_BITS)
    {
        found.push(format!(
            "the receiver ignores the message: {} with it, {} without, {:.3} bits from another message",
            percent(full),
            percent(silence),
            full.seen.js_bits
        ));
    }
    if let (Some(full), Some(shuffled)) = (full, report.line("shuffled"))
        && full.seen.share() - shuffled.seen.share() < SAME
    {
        found.push(format!("order is not used: {} with the rows shuffled", percent(shuffled)));
    }
    found.extend(silence.into_iter().flat_map(|silence| formats(report, silence)));
    found.extend(students(report));
    found
}

/// Messages of nothing that help.
fn formats(report: &Report, silence: &Line) -> Vec<String> {
    let (_, high) = interval(silence);
    let lines = EMPTY.iter().filter_map(|name| report.line(name));
    let helpful = lines.filter(|line| interval(line).0 > high);
    let say = |line: &Line| {
        format!("the receiver gains from the format alone: {} solves {}", line.channel, percent(line))
    };
    helpful.map(say).collect()
}

/// Students whose success falls as they send more.
fn students(report: &Report) -> Vec<String> {
    let mut counts = report.latents.clone();
    counts.sort_unstable();
    let lines: Vec<&Line> = counts.iter().filter_map(|k| report.line(&format!("latent_k_{k}"))).collect();
    let falls = lines.windows(2).filter(|pair| interval(pair[1]).1 < interval(pair[0]).0);
    falls
        .map(|pair| {
            let [fewer, more] =
                [pair[0], pair[1]].map(|line| format!("{} solves {}", line.channel, percent(line)));
            format!("more latents are worse: {fewer}, {more}")
        })
        .collect()
}

/// One sentence that reads the table.
pub fn reading(report: &Report) -> String {
    let share = |name: &str| report.line(name).map(percent);
    let (full, wrong, none) = (share("latent_full"), share("cross_task"), share("no_comm"));
    match (full, wrong, none) {
        (Some(full), Some(wrong), Some(none)) if alarms(report).is_empty() => {
            format!(
                "The receiver uses the message: {full} solved with the right one, {wrong} with another one, {none} with none."
            )
        }
        (Some(full), Some(wrong), Some(none)) => {
            format!("Solved with the right message {full}, with another one {wrong}, with none {none}.")
        }
        _ => "No comparison of right, wrong and no messages: it needs latent_full, cross_task and no_comm."
            .into(),
    }
}

fn percent(line: &Line) -> String {
    format!("{:.0} %", 100.0 * line.seen.share())
}

fn interval(line: &Line) -> (f64, f64) {
    wilson(line.seen.solved(), line.seen.right.len())
}

#[cfg(test)]
mod tests {
    use super::super::tested::Tested;
    use super::*;

    fn report(solved: &[(&str, usize, f64)]) -> Report {
        let line = |(channel, solved, js_bits): &(&str, usize, f64)| {
            let right = (0..100).map(|at| at < *solved).collect();
            let seen = Tested { right, js_bits: *js_bits, ..Tested::default() };
            Line { channel: (*channel).into(), unseen: seen.clone(), seen }
        };
        let lines = solved.iter().map(line).collect();
        Report {
            lines,
            best_guess: Some(0.13),
            plans_right: Some(0.96),
            latents: vec![8, 4],
            checkpoints: vec![],
        }
    }

    #[test]
    fn a_good_table_has_no_alarm() {
        let good = report(&[
            ("latent_full", 95, 0.08),
            ("no_comm", 9, 0.08),
            ("cross_task", 11, 0.0),
            ("shuffled", 41, 0.1),
        ]);
        assert_eq!(alarms(&good), Vec::<String>::new());
        let said = "The receiver uses the message: 95 % solved with the right one, 11 % with another one, 9 % with none.";
        assert_eq!(reading(&good), said);
        assert!(good.table("ChainMath").ends_with(&format!("{said}\n")));
    }

    #[test]
    fn each_failure_is_named() {
        let alarm = |lines: &[(&str, usize, f64)]| alarms(&report(lines)).join("; ");
        assert!(alarm(&[("no_comm", 27, 0.0)]).starts_with("the answer leaks: no_comm solves 27 %"));
        assert!(alarm(&[("latent_full", 28, 0.08), ("no_comm", 9, 0.0)]).starts_with("the receiver ignores"));
        assert!(alarm(&[("latent_full", 90, 0.01), ("no_comm", 9, 0.0)]).starts_with("the receiver ignores"));
        assert!(alarm(&[("latent_full", 90, 0.1), ("shuffled", 89, 0.0)]).starts_with("order is not used"));
        assert_eq!(
            alarm(&[("no_comm", 5, 0.0), ("zeros", 25, 0.0)]),
            "the receiver gains from the format alone: zeros solves 25 %"
        );
        assert_eq!(
            alarm(&[("latent_k_8", 40, 0.0), ("latent_k_4", 70, 0.0)]),
            "more latents are worse: latent_k_4 solves 70 %, latent_k_8 solves 40 %"
        );
    }
}
