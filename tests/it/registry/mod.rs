//! Tests of `umwelt runs` on run folders that the tests write.

mod find;
mod index;
mod list;
mod test_runs;
mod trash;
