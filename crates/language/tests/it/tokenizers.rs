//! Tokenizers, compared with recorded ids.

use serde_json::Value;
use umwelt_language::{SPECIAL_TOKENS, TextTokenizer};

use crate::recorded::path;

fn ids(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect()
}

#[test]
fn texts_have_the_recorded_ids_and_come_back_as_recorded() {
    let expected: Value =
        serde_json::from_slice(&std::fs::read(path("lm_tokenizers/expect.json")).unwrap()).unwrap();
    let mut texts = 0;
    for (name, expected) in expected.as_object().unwrap() {
        let file = path("lm_tokenizers").join(expected["file"].as_str().unwrap());
        let mut tokenizer = TextTokenizer::from_file(&file).unwrap();
        assert_eq!(tokenizer.rows(), expected["vocab_before"].as_i64().unwrap(), "{name}");
        let added = tokenizer.add_special(&SPECIAL_TOKENS).unwrap();
        for (token, id) in SPECIAL_TOKENS.iter().zip(&added) {
            assert_eq!(*id, expected["added"][token].as_i64().unwrap(), "{name}: {token}");
        }
        assert_eq!(tokenizer.add_special(&SPECIAL_TOKENS).unwrap(), added, "{name}");
        for (token, id) in expected["special"].as_object().unwrap() {
            assert_eq!(tokenizer.id(token), id.as_i64(), "{name}: {token}");
        }
        for case in expected["cases"].as_array().unwrap() {
            texts += 1;
            let text = case["text"].as_str().unwrap();
            let own = tokenizer.encode(text).unwrap();
            assert_eq!(own, ids(&case["ids"]), "{name}: {text:?}");
            let with_special = tokenizer.encode_with_special(text).unwrap();
            assert_eq!(with_special, ids(&case["ids_with_special"]), "{name}: {text:?}");
            assert_eq!(tokenizer.decode(&own, false).unwrap(), case["decoded"], "{name}: {text:?}");
            assert_eq!(
                tokenizer.decode(&own, true).unwrap(),
                case["decoded_skip_special"],
                "{name}: {text:?}"
            );
        }
    }
    assert_eq!(texts, 120);
}

#[test]
fn a_saved_tokenizer_keeps_its_special_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let mut tokenizer = TextTokenizer::from_file(&path("lm_tokenizers/qwen2_tokenizer.json")).unwrap();
    tokenizer.add_special(&SPECIAL_TOKENS).unwrap();
    let file = folder.path().join("tokenizer.json");
    tokenizer.save(&file).unwrap();
    let again = TextTokenizer::from_file(&file).unwrap();
    let text = "Straße <bop>1234<eop> <|im_end|>\n ok";
    assert_eq!(again.encode(text).unwrap(), tokenizer.encode(text).unwrap());
    assert_eq!(again.id("<eop>"), Some(525));
    std::fs::write(&file, "{\"version\": 1}").unwrap();
    let error = TextTokenizer::from_file(&file).err().unwrap().to_string();
    assert!(error.contains("tokenizer.json is no tokenizer"), "{error}");
}
