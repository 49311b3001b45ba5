//! The page's endpoints, asked without a browser.

mod fixture;
mod hostile;
mod jobs;
mod lessons;
