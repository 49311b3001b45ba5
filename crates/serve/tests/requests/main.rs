//! Requests to the guarded router, without a browser.

mod actions;
mod events;
mod fixture;
mod hostile;
mod lists;
mod models;
mod one_run;
mod pages;
mod series;
mod sweeps;
