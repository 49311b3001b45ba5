//! W&B's settings files: `~/.config/wandb/settings`, and `settings` in the `wandb` folder. The
//! second has priority.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Settings;
use crate::folder::wandb_dir;

/// Fills in the settings that neither the environment nor a call has set.
pub(crate) fn read_settings_files(settings: &mut Settings, root: &Path) {
    let (own, home) = (settings.vars.get("WANDB_CONFIG_DIR"), settings.vars.get("HOME"));
    let folder = own.map(PathBuf::from).or(home.map(|home| Path::new(home).join(".config/wandb")));
    let mut found = BTreeMap::new();
    for path in [folder.map(|folder| folder.join("settings")), Some(wandb_dir(root).join("settings"))] {
        let text = path.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        found.extend(default_section(&text));
    }
    let mut fill = |setting: &mut Option<String>, key| {
        *setting = setting.take().or_else(|| found.remove(key));
    };
    fill(&mut settings.base_url, "base_url");
    fill(&mut settings.api_key_in_file, "api_key");
    fill(&mut settings.entity, "entity");
    fill(&mut settings.project, "project");
    if let (None, Some(word)) = (settings.mode, found.get("mode")) {
        settings.mode = Some(settings.mode_of("mode in W&B's settings file", word));
    }
}

/// The keys of the section `[default]`. Other sections, comments and lines without `key = value`
/// are skipped.
fn default_section(text: &str) -> BTreeMap<String, String> {
    let mut inside = false;
    let mut keys = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[default]";
        } else if let (true, false, Some((key, value))) =
            (inside, line.starts_with(['#', ';']), line.split_once(['=', ':']))
        {
            keys.insert(key.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    keys.retain(|_, value| !value.is_empty());
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mode;

    #[test]
    fn the_folders_own_file_wins_and_the_environment_wins_over_both() {
        let at = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = at.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            ".config/wandb/settings",
            "[other]\nproject = no\n[default]\n# note = x\nproject = a\nentity=b\nbase_url: http://c:1\nmode = offline\n",
        );
        write("wandb/settings", "[default]\nproject = d\nentity =\n");
        let vars = [("HOME", at.path().to_str().unwrap()), ("WANDB_BASE_URL", "http://e")];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut settings = Settings::from_vars(vars);
        read_settings_files(&mut settings, at.path());
        assert_eq!(settings.project.unwrap(), "d");
        assert_eq!(settings.entity.unwrap(), "b");
        assert_eq!(settings.base_url.unwrap(), "http://e");
        assert_eq!(settings.mode, Some(Mode::Offline));
    }
}
