//! The forms of conversations that need no template.

use super::{Fragment, Part, Role, Turn};

/// The head of every system turn of Llama 3.1, with the date of its published template.
const LLAMA_DATES: &str = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";

/// A fragment that belongs to no turn.
pub fn frame(text: impl Into<String>) -> Fragment {
    Fragment { part: Part::Frame, text: text.into() }
}

fn has_system(turns: &[Turn]) -> bool {
    turns.first().is_some_and(|turn| turn.role == Role::System)
}

/// ChatML, with the turn `system` where a conversation has none and it is not empty.
pub fn chatml(system: &str, turns: &[Turn], generate: bool) -> Vec<Fragment> {
    let default = (!has_system(turns) && !system.is_empty()).then(|| Turn::new(Role::System, system));
    let mut fragments = vec![];
    for turn in default.iter().chain(turns) {
        fragments.push(frame(format!("<|im_start|>{}\n", turn.role.name())));
        fragments.push(Fragment { part: Part::Content(turn.role), text: turn.text.clone() });
        fragments.push(Fragment { part: Part::End(turn.role), text: "<|im_end|>".into() });
        fragments.push(frame("\n"));
    }
    fragments.extend(generate.then(|| frame("<|im_start|>assistant\n")));
    fragments
}

/// The headers of Llama 3, with or without the lines of dates.
pub fn llama3(dates: bool, turns: &[Turn], generate: bool) -> Vec<Fragment> {
    let header = |role: Role| format!("<|start_header_id|>{}<|end_header_id|>\n\n", role.name());
    let default = (dates && !has_system(turns)).then(|| Turn::new(Role::System, ""));
    let mut fragments = vec![frame("<|begin_of_text|>")];
    for turn in default.iter().chain(turns) {
        let dates = if dates && turn.role == Role::System { LLAMA_DATES } else { "" };
        fragments.push(frame(header(turn.role) + dates));
        fragments.push(Fragment { part: Part::Content(turn.role), text: turn.text.trim().into() });
        fragments.push(Fragment { part: Part::End(turn.role), text: "<|eot_id|>".into() });
    }
    fragments.extend(generate.then(|| frame(header(Role::Assistant))));
    fragments
}
