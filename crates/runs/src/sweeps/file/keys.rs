//! The top-level keys of a sweep file.

/// The sections with readers of their own.
const SECTIONS: &str = "configs values parameters groups labels seeds exclude command";

/// The keys for W&B's server and agent, ignored here.
const FOREIGN: &str = "program project entity controller job image_uri resource resource_args queue scheduler \
                       launch enable_launch template";

/// The keys that serde reads.
const PLAIN: &str = "name description output_path method metric.name metric.goal metric.target budget run_cap \
                     sampler_seed early_stopping.metric early_stopping.goal early_stopping.min_epochs \
                     early_stopping.eta early_terminate.type early_terminate.min_iter early_terminate.max_iter \
                     early_terminate.s early_terminate.eta early_terminate.strict retries report.x report.line \
                     report.panel report.metrics";

/// True for a section that may hold `${...}`, which W&B's agent fills in.
pub(super) fn is_for_agent(key: &str) -> bool {
    key == "command" || FOREIGN.split(' ').any(|foreign| foreign == key)
}

/// True for a key that serde reads.
pub(super) fn is_plain(key: &str) -> bool {
    SECTIONS.split(' ').chain(FOREIGN.split(' ')).all(|known| known != key)
}

/// All keys that have a meaning here, for suggestions.
pub(super) fn known() -> Vec<String> {
    PLAIN.split(' ').chain(SECTIONS.split(' ')).map(Into::into).collect()
}
