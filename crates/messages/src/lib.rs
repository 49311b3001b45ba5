//! Collected messages: Parquet files of plans with the hidden states of the sender that wrote them.

mod arrow;
mod cache;
mod collection;
mod columns;
mod folder;
mod reader;
mod row;
mod schema;
mod writer;

pub use cache::Cache;
pub use collection::{Collection, MANIFEST, Manifest, Part};
pub use folder::Folder;
pub use reader::Reader;
pub use row::{Dtype, Row};
pub use writer::{Metadata, write};
