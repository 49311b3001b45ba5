//! The columns of a file.

use std::sync::Arc;

use anyhow::Result;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;

use crate::row::Dtype;

/// The version of the columns, in the metadata of a file.
pub const VERSION: &str = "1";
/// The key of the version.
pub const VERSION_KEY: &str = "schema_version";
/// The key of the number format of hidden states.
pub const DTYPE_KEY: &str = "hidden_dtype";

/// The schema of files whose hidden states have this number format.
pub fn schema(dtype: Dtype) -> Result<TypePtr> {
    let number = match dtype {
        Dtype::F32 => "required float element",
        Dtype::Bf16 | Dtype::F16 => "required int32 element (INTEGER(16, false))",
    };
    let text = format!(
        "message messages {{
            required binary task_id (UTF8);
            required binary task (UTF8);
            required binary plan (UTF8);
            required group plan_ids (LIST) {{ repeated group list {{ required int32 element; }} }}
            required group hidden_state (LIST) {{
                repeated group list {{
                    required group element (LIST) {{ repeated group list {{ {number}; }} }}
                }}
            }}
            required int32 n_rows;
            required int32 d;
            optional binary task_type (UTF8);
            optional binary task_level (UTF8);
            optional binary answer (UTF8);
        }}"
    );
    Ok(Arc::new(parse_message_type(&text)?))
}
