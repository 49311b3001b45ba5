//! Images and tables as files of a run, with the JSON that refers to them in a row.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::{Image, Table};

/// A file in the run's folder `files` and the JSON that refers to it.
pub(crate) struct Media {
    pub path: String,
    pub bytes: Vec<u8>,
    pub json: Json,
}

impl Media {
    pub fn image(image: Image, key: &str, step: u64) -> Self {
        let mut facts = Map::from_iter([
            ("format".to_owned(), "png".into()),
            ("width".to_owned(), image.width.into()),
            ("height".to_owned(), image.height.into()),
        ]);
        facts.extend(image.caption.map(|caption| ("caption".to_owned(), caption.into())));
        Self::new("image-file", &format!("images/{}_{step}", safe(key)), "png", image.png, facts)
    }

    pub fn table(table: &Table, key: &str, step: u64) -> Self {
        let (columns, rows) = table.size();
        let facts = Map::from_iter([("ncols".to_owned(), columns.into()), ("nrows".to_owned(), rows.into())]);
        let name = format!("table/{}_{step}", safe(key));
        Self::new("table-file", &name, "table.json", table.file().into_bytes(), facts)
    }

    fn new(kind: &str, name: &str, extension: &str, bytes: Vec<u8>, facts: Map<String, Json>) -> Self {
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let path = format!("media/{name}_{}.{extension}", &sha256[..20]);
        let mut json = json!({"_type": kind, "path": path, "sha256": sha256, "size": bytes.len()});
        json.as_object_mut().expect("it is an object").extend(facts);
        Self { path, bytes, json }
    }
}

/// A key as a relative path: `val/frames` makes a folder, and `_` replaces `..` and unusual
/// characters.
fn safe(key: &str) -> String {
    let part = |part: &str| match part {
        "" | "." | ".." => "_".to_owned(),
        _ => part.replace(|c: char| !c.is_alphanumeric() && !"-_. ".contains(c), "_"),
    };
    key.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_a_file_named_after_key_step_and_content() {
        let media = Media::table(&Table::new(["a"]).row([1]), "val/scores", 7);
        // The expected checksum comes from `sha256sum`.
        let sum = "f374adaa48585f6f55345abb8332b48fad86b99c2a8ab0b37cd4571f00844f00";
        assert_eq!(String::from_utf8(media.bytes).unwrap(), r#"{"columns":["a"],"data":[[1]]}"#);
        assert_eq!(media.path, format!("media/table/val/scores_7_{}.table.json", &sum[..20]));
        let facts = json!({
            "_type": "table-file", "path": media.path, "sha256": sum, "size": 30, "ncols": 1, "nrows": 1
        });
        assert_eq!(media.json, facts);
    }

    #[test]
    fn a_key_cannot_lead_out_of_the_folder() {
        assert_eq!(safe("../../etc/a:b"), "_/_/etc/a_b");
        assert_eq!(safe("/tmp/é 1.0"), "_/tmp/é 1.0");
    }
}
