//! Settings from environment variables with the names of W&B's own client.

use std::collections::BTreeMap;

use super::{Mode, Resume, Settings};

impl Settings {
    /// Settings from this process's environment.
    ///
    /// `WANDB_MODE`, `WANDB_PROJECT`, `WANDB_ENTITY`, `WANDB_NAME`, `WANDB_RUN_ID`,
    /// `WANDB_RUN_GROUP`, `WANDB_JOB_TYPE`, `WANDB_NOTES`, `WANDB_TAGS` (with commas between),
    /// `WANDB_SWEEP_ID`, `WANDB_RESUME`, `WANDB_BASE_URL`, `WANDB_APP_URL`, `WANDB_API_KEY`,
    /// `WANDB_DIR`, `WANDB_CONFIG_DIR`, `NETRC`, and `WANDB_CORE`, the uploader's path.
    pub fn from_env() -> Self {
        let texts = std::env::vars_os().map(|(name, value)| (name.into_string(), value.into_string()));
        Self::from_vars(texts.filter_map(|(name, value)| Some((name.ok()?, value.ok()?))))
    }

    /// Settings from the given variables. Empty ones are ignored.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Self {
        let vars: BTreeMap<String, String> =
            vars.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let text = |name: &str| vars.get(name).cloned();
        let tags = text("WANDB_TAGS").unwrap_or_default();
        let mut settings = Self {
            project: text("WANDB_PROJECT"),
            entity: text("WANDB_ENTITY"),
            name: text("WANDB_NAME"),
            run_id: text("WANDB_RUN_ID"),
            group: text("WANDB_RUN_GROUP"),
            job_type: text("WANDB_JOB_TYPE"),
            notes: text("WANDB_NOTES"),
            tags: tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(Into::into).collect(),
            sweep_id: text("WANDB_SWEEP_ID"),
            base_url: text("WANDB_BASE_URL"),
            app_url: text("WANDB_APP_URL"),
            api_key: text("WANDB_API_KEY"),
            dir: text("WANDB_DIR").map(Into::into),
            core: text("WANDB_CORE").map(Into::into),
            ..Self::default()
        };
        settings.mode = text("WANDB_MODE").map(|word| settings.mode_of("WANDB_MODE", &word));
        settings.resume = text("WANDB_RESUME").map_or(Resume::IfHere, |word| settings.resume_of(&word));
        settings.vars = vars;
        settings
    }

    /// The mode that a word names, in upper or lower case. Any other word means offline, so that a
    /// typing error uploads nothing.
    pub(crate) fn mode_of(&mut self, origin: &str, word: &str) -> Mode {
        match word.trim().to_ascii_lowercase().as_str() {
            "online" | "run" | "shared" => Mode::Online,
            "offline" | "dryrun" => Mode::Offline,
            "disabled" | "off" | "false" | "no" | "none" | "0" => Mode::Disabled,
            _ => {
                let choices = "it can be online, offline or disabled";
                self.mistakes.push(format!("{origin} is {word:?}; {choices}, and is taken as offline"));
                Mode::Offline
            }
        }
    }

    fn resume_of(&mut self, word: &str) -> Resume {
        match word {
            "allow" | "must" | "true" | "True" | "1" => Resume::Always,
            "never" | "false" | "False" | "0" => Resume::Never,
            "auto" => Resume::Latest,
            _ => {
                let mistake = format!("WANDB_RESUME is {word:?}; it can be allow, must, never or auto");
                self.mistakes.push(mistake);
                Resume::IfHere
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn from(vars: &[(&str, &str)]) -> Settings {
        Settings::from_vars(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn variables_fill_the_settings_and_calls_win_over_them() {
        let settings = from(&[
            ("WANDB_MODE", "offline"),
            ("WANDB_PROJECT", "dots"),
            ("WANDB_TAGS", "a, b,"),
            ("WANDB_RUN_GROUP", "noise"),
            ("WANDB_DIR", "/data"),
            ("WANDB_NAME", ""),
            ("WANDB_RESUME", "never"),
        ])
        .project("other")
        .tags(["c"]);
        assert_eq!(settings.mode, Some(Mode::Offline));
        assert_eq!(settings.project.unwrap(), "other");
        assert_eq!(settings.tags, ["a", "b", "c"]);
        assert_eq!((settings.group.unwrap(), settings.name), ("noise".into(), None));
        assert_eq!(settings.dir.as_deref(), Some(Path::new("/data")));
        assert_eq!(settings.resume, Resume::Never);
        assert!(settings.mistakes.is_empty());
    }

    #[test]
    fn a_sweep_keeps_its_project_and_run_id() {
        let sweep = [("WANDB_SWEEP_ID", "s1"), ("WANDB_RUN_ID", "r1"), ("WANDB_PROJECT", "dots")];
        let settings = from(&sweep).project("other").run_id("r2").entity("me");
        assert_eq!(settings.project.unwrap(), "dots");
        assert_eq!(settings.run_id.unwrap(), "r1");
        assert_eq!(settings.entity.unwrap(), "me");
    }

    #[test]
    fn a_mode_is_known_in_any_case_and_by_what_turns_things_off() {
        let cases = [
            ("Offline", Mode::Offline),
            ("ONLINE", Mode::Online),
            ("Disabled", Mode::Disabled),
            ("off", Mode::Disabled),
            ("False", Mode::Disabled),
            ("0", Mode::Disabled),
        ];
        for (word, mode) in cases {
            let settings = from(&[("WANDB_MODE", word)]);
            assert_eq!((settings.mode, settings.mistakes), (Some(mode), vec![]), "{word}");
        }
    }

    #[test]
    fn an_unknown_mode_uploads_nothing_and_unknown_words_are_told() {
        let settings = from(&[("WANDB_MODE", "onlin"), ("WANDB_RESUME", "sometimes")]);
        assert_eq!((settings.mode, settings.resume), (Some(Mode::Offline), Resume::IfHere));
        assert_eq!(
            settings.mistakes,
            [
                "WANDB_MODE is \"onlin\"; it can be online, offline or disabled, and is taken as offline",
                "WANDB_RESUME is \"sometimes\"; it can be allow, must, never or auto"
            ]
        );
    }
}
