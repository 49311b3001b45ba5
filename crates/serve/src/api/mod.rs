//! The endpoints below `/api`.

pub mod about;
pub mod act;
pub mod compare;
pub mod export;
pub mod files;
pub mod keys;
pub mod run;
pub mod runs;
pub mod series;
pub mod sparks;
pub mod stream;
pub mod sweep;
