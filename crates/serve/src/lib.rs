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
mod numbers;
mod pages;
mod poll;
mod query;
mod router;
mod server;
mod started;

pub use app::{Dashboard, DashboardOptions};
/// Pages of other rooms, which are served behind the same guard.
pub use axum::Router as Rooms;
pub use error::ApiError;
pub use guard::{Guard, GuardOptions};
pub use poll::poll;
pub use router::router;
pub use server::{ServeOptions, TokenChoice, serve};
