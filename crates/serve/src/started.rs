//! The processes that this server has started.

use std::process::Child;
use std::sync::{Mutex, PoisonError};

use crate::ApiError;

/// The started processes that still run, of which there are few at a time.
#[derive(Debug)]
pub struct Started {
    most: usize,
    children: Mutex<Vec<Child>>,
}

impl Started {
    pub fn new(most: usize) -> Self {
        Self { most, children: Mutex::default() }
    }

    /// Starts a process if one more may run.
    pub fn start(&self, start: impl FnOnce() -> anyhow::Result<Child>) -> Result<(), ApiError> {
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        if children.len() >= self.most {
            let error = format!("{} runs that were resumed from this page still run", children.len());
            return Err(ApiError::new(
                axum::http::StatusCode::SERVICE_UNAVAILABLE,
                error,
                "wait, or stop one",
            ));
        }
        children.push(start()?);
        Ok(())
    }
}
