//! `umwelt runs` on run folders that were made by hand.

mod find;
mod index;
mod list;
mod test_runs;
mod trash;
