//! Asks the model in the background: one question at a time, with back-off after failures.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::endpoint::{Endpoint, EndpointError};
use crate::settings::Settings;

/// Longest pause after failures, unless the endpoint asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Shortest pause after a refusal, which will repeat until the settings are corrected.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);
/// Instructions for the model, sent with every question.
const INSTRUCTIONS: &str = include_str!("instructions.txt");

/// A question, with its tick.
type Question = (u64, String);
/// The result of a question, with its tick.
type Answer = (u64, Result<String, EndpointError>);

/// Asks the model in the background.
#[derive(Debug)]
pub struct Advisor {
    questions: Sender<Question>,
    answers: Receiver<Answer>,
    /// Whether a question is pending.
    waiting: bool,
    /// Earliest time of the next question.
    not_before: Option<Instant>,
    /// Failures since the last answer.
    failures: u32,
    shortest_pause: Duration,
}

impl Advisor {
    /// Starts the thread, which ends after the advisor is dropped and its last question is
    /// answered.
    #[must_use]
    pub fn start(settings: Settings) -> Advisor {
        let (questions, asked) = mpsc::channel();
        let (answered, answers) = mpsc::channel();
        let shortest_pause = settings.shortest_pause;
        thread::spawn(move || ask_all(settings, &asked, &answered));
        Advisor {
            questions,
            answers,
            waiting: false,
            not_before: None,
            failures: 0,
            shortest_pause,
        }
    }

    /// Whether a question can be asked now.
    #[must_use]
    pub fn is_free(&self) -> bool {
        !self.waiting && self.not_before.is_none_or(|instant| Instant::now() >= instant)
    }

    /// Asks a question, if it is free.
    pub fn ask(&mut self, tick: u64, question: String) {
        if self.is_free() {
            // Fails if the thread could not start; then there is no answer to wait for.
            self.waiting = self.questions.send((tick, question)).is_ok();
        }
    }

    /// The answer to the last question with its tick, if it arrives within `wait`.
    pub fn answer(&mut self, wait: Duration) -> Option<(u64, String)> {
        if !self.waiting {
            return None;
        }
        let (tick, said) = match wait.is_zero() {
            true => self.answers.try_recv().ok()?,
            false => self.answers.recv_timeout(wait).ok()?,
        };
        self.waiting = false;
        match said {
            Ok(text) => {
                self.failures = 0;
                Some((tick, text))
            }
            Err(error) => {
                let pause = self.pause(&error);
                tracing::warn!(%error, pause_ms = pause.as_millis() as u64, "no advice");
                self.failures += 1;
                self.not_before = Some(Instant::now() + pause);
                None
            }
        }
    }

    /// Pause before the next question: doubles with each failure, and is at least what the endpoint
    /// asks for.
    fn pause(&self, error: &EndpointError) -> Duration {
        let doubled = self.shortest_pause.saturating_mul(1 << self.failures.min(16));
        let asked = match error {
            EndpointError::Busy { retry_after, .. } => retry_after.unwrap_or_default(),
            EndpointError::Refused { .. } => REFUSED_PAUSE,
            EndpointError::Away(_) | EndpointError::Nonsense(_) => Duration::ZERO,
        };
        doubled.min(LONGEST_PAUSE).max(asked)
    }
}

fn ask_all(settings: Settings, asked: &Receiver<Question>, answered: &Sender<Answer>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (Ok(runtime), Ok(endpoint)) = (runtime, Endpoint::new(settings)) else {
        tracing::error!("cannot start the runtime or the HTTP client");
        return;
    };
    while let Ok((tick, question)) = asked.recv() {
        let said = runtime.block_on(endpoint.ask(INSTRUCTIONS, &question));
        if answered.send((tick, said)).is_err() {
            return;
        }
    }
}
