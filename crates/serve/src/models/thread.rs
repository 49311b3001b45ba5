//! The one thread on which all models live and answer, one question at a time.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;
use umwelt_runs::registry::FileStamp;

use super::Model;
use crate::ApiError;

/// The questions that may wait; with more, a page is asked to come again.
const WAITING: usize = 8;
/// The models that stay open; the one that was asked longest ago goes first.
const OPEN: usize = 2;
/// The longest wait of a page. It is shorter than the server's bound of a request, so that the
/// answer can say that the work goes on.
const PATIENCE: Duration = Duration::from_secs(25);

/// A model's place: the room, the run, and the checkpoint that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub room: &'static str,
    pub run: String,
    pub stamp: FileStamp,
}

type Work = Box<dyn FnOnce(&mut Models) + Send>;

/// The thread, which starts with the first question.
#[derive(Debug)]
pub struct ModelThread {
    queue: OnceLock<Sender<Work>>,
    free: Arc<Semaphore>,
}

impl Default for ModelThread {
    fn default() -> Self {
        Self { queue: OnceLock::new(), free: Arc::new(Semaphore::new(WAITING)) }
    }
}

/// The open models, the one that was asked last in front.
#[derive(Default)]
struct Models(VecDeque<(Place, Box<dyn Model>)>);

impl ModelThread {
    /// The result of `ask` on the model at `place`, which `open` makes if it is not open.
    ///
    /// # Errors
    /// The errors of `open` and `ask`; 503 if too many questions wait or the answer takes long.
    pub async fn ask(
        &self,
        place: Place,
        open: impl FnOnce() -> Result<Box<dyn Model>> + Send + 'static,
        ask: impl FnOnce(&mut dyn Model) -> Result<Value> + Send + 'static,
    ) -> Result<Value, ApiError> {
        let many = |_| ApiError::busy("too many questions wait for a model");
        let waiting = self.free.clone().try_acquire_owned().map_err(many)?;
        let (tell, told) = oneshot::channel();
        let work = move |models: &mut Models| {
            let _waiting = waiting;
            // A page that has gone away needs no answer.
            if !tell.is_closed() {
                let _ = tell.send(models.ask(place, open, ask));
            }
        };
        self.queue()?
            .send(Box::new(work))
            .map_err(|_| ApiError::from(anyhow!("the models' thread has ended")))?;
        let late = |_| ApiError::busy("the model is still being read or asked");
        let answer = timeout(PATIENCE, told).await.map_err(late)?;
        Ok(answer.context("the models' thread has ended")??)
    }

    fn queue(&self) -> Result<&Sender<Work>, ApiError> {
        if let Some(queue) = self.queue.get() {
            return Ok(queue);
        }
        let (queue, works) = channel();
        thread::Builder::new().name("models".into()).spawn(move || serve(&works))?;
        Ok(self.queue.get_or_init(|| queue))
    }
}

/// Works until the server has ended.
fn serve(works: &Receiver<Work>) {
    let mut models = Models::default();
    works.iter().for_each(|work| work(&mut models));
}

impl Models {
    fn ask(
        &mut self,
        place: Place,
        open: impl FnOnce() -> Result<Box<dyn Model>>,
        ask: impl FnOnce(&mut dyn Model) -> Result<Value>,
    ) -> Result<Value> {
        // A model that failed halfway is not asked again: it left the list before it was asked.
        let known = self.take(&place);
        let work = || {
            let mut model = known.map_or_else(open, Ok)?;
            let answer = ask(model.as_mut());
            anyhow::Ok((model, answer))
        };
        let done = catch_unwind(AssertUnwindSafe(work));
        let (model, answer) =
            done.map_err(|_| anyhow!("the model failed; the server's output says where"))??;
        self.0.push_front((place, model));
        self.0.truncate(OPEN);
        answer
    }

    /// The model at `place`, out of the list. An older checkpoint of the same run is closed.
    fn take(&mut self, place: &Place) -> Option<Box<dyn Model>> {
        let same = |(known, _): &(Place, _)| known.room == place.room && known.run == place.run;
        let found = self.0.iter().position(same)?;
        let (known, model) = self.0.remove(found)?;
        (known == *place).then_some(model)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;

    /// A model that counts how often it was asked.
    struct Counter(u64);

    impl Model for Counter {
        fn described(&mut self) -> Result<Value> {
            Ok(json!({"asked": self.0}))
        }

        fn answer(&mut self, question: Value) -> Result<Value> {
            assert!(question != json!("fail"), "a question that breaks the model");
            self.0 += 1;
            Ok(self.0.into())
        }
    }

    fn place(run: &str, file: &Path) -> Place {
        Place { room: "counters", run: run.into(), stamp: FileStamp::of(&file.metadata().unwrap()) }
    }

    async fn ask(thread: &ModelThread, place: &Place, question: &'static str) -> Result<Value, ApiError> {
        let open = || Ok(Box::new(Counter(0)) as Box<dyn Model>);
        thread.ask(place.clone(), open, move |model| model.answer(question.into())).await
    }

    #[tokio::test]
    async fn two_models_stay_open_and_one_that_failed_is_opened_anew() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let [a, b, c] = ["a", "b", "c"].map(|run| place(run, file.path()));
        let thread = ModelThread::default();
        for (place, expected) in [(&a, 1), (&b, 1), (&a, 2), (&c, 1), (&a, 3), (&b, 1)] {
            assert_eq!(ask(&thread, place, "").await, Ok(expected.into()), "{}", place.run);
        }
        assert_eq!(ask(&thread, &a, "fail").await.unwrap_err().status.as_u16(), 500);
        assert_eq!(ask(&thread, &a, "").await, Ok(1.into()));
        let other = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(ask(&thread, &place("a", other.path()), "").await, Ok(1.into()), "another checkpoint");
    }

    #[tokio::test]
    async fn more_than_eight_questions_are_not_kept_waiting() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let place = place("slow", file.path());
        let thread = Arc::new(ModelThread::default());
        let (go, wait) = channel::<()>();
        let (first, slow) = (thread.clone(), place.clone());
        let open = || Ok(Box::new(Counter(0)) as Box<dyn Model>);
        let first = tokio::spawn(async move {
            let wait = move |_: &mut dyn Model| Ok(json!(wait.recv().is_ok()));
            first.ask(slow, open, wait).await
        });
        while thread.free.available_permits() == WAITING {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (1..WAITING)
            .map(|_| {
                let (thread, place) = (thread.clone(), place.clone());
                tokio::spawn(async move { ask(&thread, &place, "").await })
            })
            .collect();
        while thread.free.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(ask(&thread, &place, "").await.unwrap_err().status.as_u16(), 503);
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(true.into()));
        for (other, expected) in others.into_iter().zip(1..) {
            assert_eq!(other.await.unwrap(), Ok(expected.into()));
        }
    }
}
