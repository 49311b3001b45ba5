//! Suggestions of similar names.

/// The least likeness (1 is equal) of a name to suggest.
const ALIKE: f64 = 0.7;
/// The most suggestions of an error.
const MOST: usize = 4;

/// A hint for the dotted key `unknown`, given all dotted keys without the sections.
pub fn for_unknown_key(unknown: &str, known: &[String]) -> String {
    if known.iter().any(|key| key == unknown) {
        let (section, name) = split(unknown);
        return format!("in a file, write `{name}` on a line of its own, indented, below `{section}:`");
    }
    let (section, name) = split(unknown);
    let siblings = siblings(section, known);
    let mut meant: Vec<String> = known.iter().filter(|key| split(key).1 == name).cloned().collect();
    meant.extend(most_alike(name, &siblings));
    if meant.is_empty() {
        meant = most_alike(name, known);
    }
    meant.truncate(MOST);
    if !meant.is_empty() {
        return format!("did you mean {}?", meant.join(" or "));
    }
    let names: Vec<&str> = siblings.iter().map(|key| split(key).1).collect();
    format!("known here: {}", names.join(", "))
}

/// A hint for the metric name `unknown`: the names that begin with it, else the most similar ones.
pub fn for_unknown_name(unknown: &str, known: &[String]) -> String {
    let longer = known.iter().map(String::as_str).filter(|known| known.starts_with(unknown));
    match longer.take(MOST).collect::<Vec<_>>()[..] {
        [] => for_unknown_key(unknown, known),
        ref longer => format!("did you mean {}?", longer.join(" or ")),
    }
}

/// A question that suggests the most similar of `choices`; empty if none is similar.
pub fn for_unknown_choice(unknown: &str, choices: &[&str]) -> String {
    let lower = unknown.to_lowercase();
    let likeness = |choice: &str| strsim::normalized_damerau_levenshtein(&lower, &choice.to_lowercase());
    let best = choices.iter().map(|choice| (likeness(choice), choice)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((score, choice)) if score >= 0.5 => format!("; did you mean {choice}?"),
        _ => String::new(),
    }
}

fn split(dotted: &str) -> (&str, &str) {
    dotted.rsplit_once('.').unwrap_or(("", dotted))
}

/// The keys and sections directly in `section`.
fn siblings(section: &str, known: &[String]) -> Vec<String> {
    let start = if section.is_empty() { String::new() } else { format!("{section}.") };
    let below = known.iter().filter_map(|key| key.strip_prefix(&start));
    let mut siblings: Vec<String> =
        below.map(|rest| format!("{start}{}", rest.split('.').next().unwrap_or(rest))).collect();
    siblings.dedup();
    siblings
}

/// The keys with the most similar name; several if sections share the name.
fn most_alike(name: &str, keys: &[String]) -> Vec<String> {
    let best = keys.iter().map(|key| likeness(name, split(key).1)).fold(ALIKE, f64::max);
    keys.iter().filter(|key| likeness(name, split(key).1) >= best).cloned().collect()
}

/// The likeness of `name` to `known`, from 0 to 1. The last words of `known` have 0.8.
fn likeness(name: &str, known: &str) -> f64 {
    let is_end = !name.is_empty() && known.ends_with(&format!("_{name}"));
    if is_end { 0.8 } else { strsim::normalized_damerau_levenshtein(name, known) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn hint(unknown: &str, expected: &str) {
        let known =
            ["epochs_all", "batch_size", "a.lr", "a.base_lr", "b.base_lr", "b.depth"].map(String::from);
        assert_eq!(for_unknown_key(unknown, &known), expected);
    }

    #[test]
    fn a_misspelt_key_is_first_compared_with_keys_of_its_section() {
        hint("a.base_lrr", "did you mean a.base_lr?");
        hint("b.bse_lr", "did you mean b.base_lr?");
        hint("batch_sze", "did you mean batch_size?");
    }

    #[test]
    fn a_key_of_other_sections_is_named_with_each_of_them() {
        hint("base_lr", "did you mean a.base_lr or b.base_lr?");
        hint("base_lrr", "did you mean a.base_lr or b.base_lr?");
        hint("b.lr", "did you mean a.lr or b.base_lr?");
        hint("size", "did you mean batch_size?");
    }

    #[test]
    fn a_key_without_a_similar_one_gets_the_list_of_keys() {
        hint("zzz", "known here: epochs_all, batch_size, a, b");
        hint("a.zzz", "known here: lr, base_lr");
    }

    #[test]
    fn a_dotted_key_in_a_file_gets_the_advice_to_nest_it() {
        hint("b.depth", "in a file, write `depth` on a line of its own, indented, below `b:`");
    }

    #[test]
    fn a_choice_is_found_whatever_its_case() {
        assert_eq!(for_unknown_choice("vicREG", &["VICReg", "SimCLR"]), "; did you mean VICReg?");
        assert_eq!(for_unknown_choice("x", &["VICReg", "SimCLR"]), "");
    }
}
