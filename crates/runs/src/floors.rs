//! What a run was judged beside.

use std::path::Path;

use serde_json::Value;

use super::read_json;

/// Where an `evaluation.json` holds them: errors in pixels of the moving dots, squared errors of drawings.
const KEYS: [&str; 2] = ["floors_px", "floors"];

/// The errors of what stands beside the run in its evaluation, by name, in the unit of its first score; none before one.
pub fn floors(run: &Path) -> Vec<(String, f64)> {
    let evaluation = read_json(&run.join("evaluation.json"));
    let floors = KEYS.iter().find_map(|key| evaluation.get(*key)?.as_object());
    let number = |(name, floor): (&String, &Value)| Some((name.clone(), floor.as_f64()?));
    floors.into_iter().flatten().filter_map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_are_numbers_of_either_task() {
        let run = tempfile::tempdir().unwrap();
        assert_eq!(floors(run.path()), []);
        for key in KEYS {
            let text = format!("{{\"{key}\": {{\"copy\": 2.5, \"odd\": null}}}}");
            std::fs::write(run.path().join("evaluation.json"), text).unwrap();
            assert_eq!(floors(run.path()), [("copy".to_owned(), 2.5)]);
        }
    }
}
