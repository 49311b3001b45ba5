//! Channels by name.

use umwelt_language::{Control, GraftRule, Ranking};

/// A way from a sender to a receiver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Channel {
    /// The plan as text.
    Text,
    /// The hidden states of the whole plan.
    Full,
    /// The hidden states of one of several senders, whose number this is.
    OneOf(usize),
    /// The latents of the student that was trained for this number.
    Student(usize),
    /// Hidden states that are destroyed or shortened.
    Changed(Control),
    /// This many hidden states of the sender that reads its own last ones.
    Roll(usize),
    /// The same with states mapped to embeddings by the two ends of the sender (LatentMAS).
    Realigned(usize),
    /// The sender's expected embeddings.
    Cipher,
    /// The hidden states, and the text, of the next problem of the split.
    CrossTask,
    CrossText,
    /// The hidden states of the next problem of the same group, or of another.
    CrossFamily {
        same: bool,
    },
    /// The sender's last state after `from` blocks, at the receiver's last position after `to`.
    Graft {
        from: i64,
        to: i64,
        rule: GraftRule,
    },
    /// The sender's keys and values before the receiver's text: all, or those of the plan alone.
    KeyValues {
        all: bool,
    },
    /// The plan as text, whose keys and values a trained fuser changes by the sender's.
    Fused,
    /// Nothing at all.
    Nothing,
    /// The begin and the end of a message, and nothing between them.
    EmptyPair,
    /// The plan as text, for a receiver that was trained so.
    CotFull,
    /// Nothing, for a receiver that was trained so.
    NoCot,
}

/// Channels without a number.
const PLAIN: [(&str, Channel); 22] = [
    ("text", Channel::Text),
    ("latent_full", Channel::Full),
    ("no_comm", Channel::Nothing),
    ("empty_pair", Channel::EmptyPair),
    ("cross_task", Channel::CrossTask),
    ("cross_text", Channel::CrossText),
    ("cross_family", Channel::CrossFamily { same: false }),
    ("within_family", Channel::CrossFamily { same: true }),
    ("white_noise", Channel::Changed(Control::WhiteNoise)),
    ("norm_noise", Channel::Changed(Control::NormNoise)),
    ("zeros", Channel::Changed(Control::Zeros)),
    ("shuffled", Channel::Changed(Control::Shuffled)),
    ("reversed", Channel::Changed(Control::Reversed)),
    ("random_rot", Channel::Changed(Control::Rotated)),
    ("cov_gauss_0mu", Channel::Changed(Control::CovarianceOnly { mean: false })),
    ("cov_gauss_mu", Channel::Changed(Control::CovarianceOnly { mean: true })),
    ("cipher", Channel::Cipher),
    ("kv", Channel::KeyValues { all: true }),
    ("kv_latent", Channel::KeyValues { all: false }),
    ("fuser", Channel::Fused),
    ("cot_full", Channel::CotFull),
    ("no_cot", Channel::NoCot),
];
/// Channels of a number of rows.
const COUNTED: [&str; 8] = [
    "latent_k",
    "latent_first",
    "latent_uniform",
    "latent_roll",
    "realigned",
    "prune_norm",
    "prune_leverage",
    "prune_random",
];
/// Channels of a part or an amount.
const SCALED: [&str; 3] = ["latent_trunc", "cov_noise", "noised"];
/// The channels of one of several senders each.
const SENDERS: &str = "senders";
const GROUPS: [(&str, &[&str]); 4] = [
    (
        "core",
        &[
            "text",
            "latent_full",
            SENDERS,
            "latent_k",
            "latent_first",
            "no_comm",
            "empty_pair",
            "cross_task",
            "cross_text",
            "white_noise",
            "zeros",
        ],
    ),
    (
        "controls",
        &[
            "cov_noise_0.5",
            "cov_noise_1",
            "noised_0.5",
            "cov_gauss_0mu",
            "cov_gauss_mu",
            "norm_noise",
            "random_rot",
            "shuffled",
            "reversed",
            "cross_family",
            "within_family",
        ],
    ),
    (
        "compression",
        &[
            "latent_trunc_0.9",
            "latent_trunc_0.75",
            "latent_trunc_0.5",
            "latent_trunc_0.25",
            "latent_uniform",
            "prune_norm",
            "prune_leverage",
            "prune_random",
            "latent_roll",
        ],
    ),
    ("related", &["cipher", "realigned", "kv", "kv_latent", "fuser", "cot_full", "no_cot"]),
];

/// The numbers that channels are named by.
#[derive(Clone, Copy, Debug)]
pub struct Counts<'a> {
    /// The numbers of latents of students.
    pub latents: &'a [usize],
    pub senders: usize,
    /// The receiver reads the last of them alone.
    pub is_chain: bool,
}

impl Channel {
    /// True for a channel of these senders.
    fn is_of(self, Counts { senders, is_chain, .. }: Counts) -> bool {
        match self {
            Self::OneOf(who) => !is_chain && senders > 1 && who < senders,
            Self::Student(_)
            | Self::Roll(_)
            | Self::Realigned(_)
            | Self::Cipher
            | Self::Graft { .. }
            | Self::KeyValues { .. }
            | Self::Fused => senders == 1,
            _ => true,
        }
    }
}

/// The channels of a name: a group, `all`, a channel, or one without its number of rows, which then
/// has one for each number of latents. Groups leave out what is not of this number of senders.
///
/// # Errors
/// When there is no such channel, or it is not of this number of senders.
pub fn expanded(name: &str, counts: Counts) -> Result<Vec<(String, Channel)>, String> {
    if name == "all" {
        return Ok(GROUPS.iter().flat_map(|(_, names)| group(names, counts)).collect());
    }
    if name == SENDERS {
        return Ok(group(&[SENDERS], counts));
    }
    if let Some((_, names)) = GROUPS.iter().find(|(known, _)| *known == name) {
        return Ok(group(names, counts));
    }
    let all = named(name, counts)?;
    match all.iter().find(|(_, channel)| !channel.is_of(counts)) {
        Some((name, Channel::OneOf(_))) => {
            let topology = if counts.is_chain { "chain" } else { "tree" };
            Err(format!("has `{name}`, and there are {} talk.senders in a {topology}", counts.senders))
        }
        Some((name, _)) => Err(format!("has `{name}`, which is of a single sender")),
        None => Ok(all),
    }
}

/// The channels of a group that are of this number of senders.
fn group(names: &[&str], counts: Counts) -> Vec<(String, Channel)> {
    let all = names.iter().flat_map(|name| named(name, counts).expect("groups hold channels"));
    all.filter(|(_, channel)| channel.is_of(counts)).collect()
}

fn named(name: &str, counts: Counts) -> Result<Vec<(String, Channel)>, String> {
    if name == SENDERS {
        return Ok((0..counts.senders).map(|who| (format!("sender_{who}"), Channel::OneOf(who))).collect());
    }
    if COUNTED.contains(&name) {
        return counts.latents.iter().map(|k| one(&format!("{name}_{k}"))).collect();
    }
    Ok(vec![one(name)?])
}

fn one(name: &str) -> Result<(String, Channel), String> {
    let plain = PLAIN.iter().find(|(known, _)| *known == name).map(|(_, channel)| *channel);
    let channel = plain.or_else(|| numbered(name)).or_else(|| graft(name)).ok_or_else(|| unknown(name))?;
    Ok((name.to_owned(), channel))
}

/// `graft_J_K`, `graft_add_J_K` or `graft_mean_J_K`.
fn graft(name: &str) -> Option<Channel> {
    let rest = name.strip_prefix("graft_")?;
    let rules = [("add_", GraftRule::Add), ("mean_", GraftRule::Mean), ("", GraftRule::Put)];
    let (numbers, rule) =
        rules.iter().find_map(|(prefix, rule)| Some((rest.strip_prefix(prefix)?, *rule)))?;
    let (from, to) = numbers.split_once('_')?;
    let blocks = |number: &str| number.parse::<u16>().ok().map(i64::from);
    Some(Channel::Graft { from: blocks(from)?, to: blocks(to)?, rule })
}

fn numbered(name: &str) -> Option<Channel> {
    let (kind, number) = name.rsplit_once('_')?;
    if SCALED.contains(&kind) {
        let amount = number.parse::<f64>().ok().filter(|amount| *amount > 0.0 && amount.is_finite())?;
        return match kind {
            "latent_trunc" => (amount <= 1.0).then_some(Channel::Changed(Control::Truncated(amount))),
            "cov_noise" => Some(Channel::Changed(Control::CovarianceNoise(amount))),
            _ => Some(Channel::Changed(Control::Noised(amount))),
        };
    }
    if kind == "sender" {
        return number.parse().ok().map(Channel::OneOf);
    }
    let count = number.parse::<usize>().ok().filter(|count| *count > 0)?;
    let pruned = |by| Some(Channel::Changed(Control::Pruned { by, count }));
    match kind {
        "latent_k" => Some(Channel::Student(count)),
        "latent_first" => Some(Channel::Changed(Control::First(count))),
        "latent_uniform" => Some(Channel::Changed(Control::Uniform(count))),
        "latent_roll" => Some(Channel::Roll(count)),
        "realigned" => Some(Channel::Realigned(count)),
        "prune_norm" => pruned(Ranking::Norm),
        "prune_leverage" => pruned(Ranking::Leverage),
        "prune_random" => pruned(Ranking::Random),
        _ => None,
    }
}

fn unknown(name: &str) -> String {
    let groups = GROUPS.iter().map(|(name, _)| *name).chain([SENDERS, "all"]);
    let plain = PLAIN.iter().map(|(name, _)| *name);
    let numbered = COUNTED.iter().chain(&SCALED).map(|name| format!("{name}_N"));
    let numbered = numbered.chain(["sender_N".to_owned(), "graft_J_K".to_owned()]);
    let known: Vec<String> = groups.chain(plain).map(str::to_owned).chain(numbered).collect();
    format!("has no channel `{name}`; known: {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(name: &str, latents: &[usize]) -> Result<Vec<(String, Channel)>, String> {
        super::expanded(name, Counts { latents, senders: 1, is_chain: false })
    }

    fn names(name: &str, ks: &[usize]) -> Vec<String> {
        expanded(name, ks).unwrap().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn several_senders_have_what_needs_no_single_one() {
        let of_two =
            |name: &str| super::expanded(name, Counts { latents: &[8], senders: 2, is_chain: false });
        let names = |name: &str| of_two(name).unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names("senders"), ["sender_0", "sender_1"]);
        assert_eq!(names("related"), ["cot_full", "no_cot"]);
        assert_eq!(names("core")[..4], ["text", "latent_full", "sender_0", "sender_1"]);
        assert!(!names("all").contains(&"latent_k_8".to_owned()));
        assert_eq!(of_two("kv").unwrap_err(), "has `kv`, which is of a single sender");
        assert_eq!(of_two("latent_k").unwrap_err(), "has `latent_k_8`, which is of a single sender");
        assert_eq!(of_two("sender_2").unwrap_err(), "has `sender_2`, and there are 2 talk.senders in a tree");
        let chain = Counts { latents: &[8], senders: 2, is_chain: true };
        assert!(super::expanded("senders", chain).unwrap().is_empty());
        assert!(super::expanded("cipher", chain).is_err());
        assert!(expanded("senders", &[8]).unwrap().is_empty());
        assert!(expanded("sender_0", &[8]).is_err());
    }

    #[test]
    fn groups_and_numbers_make_channels() {
        assert_eq!(names("latent_k", &[8, 2]), ["latent_k_8", "latent_k_2"]);
        assert_eq!(
            expanded("prune_norm_4", &[8]).unwrap()[0].1,
            Channel::Changed(Control::Pruned { by: Ranking::Norm, count: 4 })
        );
        assert_eq!(
            expanded("latent_trunc_0.25", &[]).unwrap()[0].1,
            Channel::Changed(Control::Truncated(0.25))
        );
        let graft = Channel::Graft { from: 3, to: 0, rule: GraftRule::Mean };
        assert_eq!(expanded("graft_mean_3_0", &[]).unwrap()[0].1, graft);
        assert!(names("core", &[8, 4]).contains(&"latent_first_4".to_owned()));
        assert_eq!(names("all", &[8]).len(), 10 + 11 + 9 + 7);
    }

    #[test]
    fn what_is_no_channel_is_refused_with_those_that_are() {
        for name in ["latent", "latent_trunc_2", "latent_k_0", "noised_", "cov_noise_nan", "graft_2"] {
            let reason = expanded(name, &[8]).unwrap_err();
            assert!(
                reason.starts_with(&format!("has no channel `{name}`; known: core, controls,")),
                "{reason}"
            );
        }
    }
}
