//! The dashboard of `umwelt serve`: pages over run folders, which it only reads.
//!
//! [`router`] has the pages and endpoints, [`Guard`] stands in front of them and of the pages of
//! other rooms, and [`serve`] runs both at an address.

mod answer;
mod api;
mod app;
pub mod columns;
pub mod curves;
mod error;
mod events;
mod groups;
pub mod guard;
pub mod importance;
mod live;
pub mod models;
mod numbers;
mod pages;
mod poll;
mod query;
mod room;
mod router;
mod server;
mod started;

pub use answer::{Answer, json, with_header};
pub use app::{Dashboard, DashboardOptions};
pub use error::ApiError;
pub use guard::{Guard, GuardOptions};
pub use models::{Model, ModelRoom, ModelThread};
pub use poll::poll;
pub use room::{EmbeddedFile, Opens, Publisher, Room};
pub use router::{blocking, router};
pub use server::{ServeOptions, TokenChoice, serve};
