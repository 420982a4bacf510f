//! The model at a distance: one question at a time, asked in the background, and not too often when it goes wrong.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::endpoint::{Endpoint, EndpointError};
use crate::settings::Settings;

/// The longest pause between questions, whatever has gone wrong.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// The pause after a refusal, at least: until somebody has looked, the next answer will be the same.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);
/// Description of the game, sent with every question.
const INSTRUCTIONS: &str = include_str!("instructions.txt");

/// A question, with the tick that it is about.
type Question = (u64, String);
/// What came of it.
type Answer = (u64, Result<String, EndpointError>);

/// Asks the model in the background.
#[derive(Debug)]
pub struct Advisor {
    questions: Sender<Question>,
    answers: Receiver<Answer>,
    /// Whether a question is on its way.
    waiting: bool,
    /// When the next may be asked.
    not_before: Option<Instant>,
    /// Failures since the last answer.
    failures: u32,
    shortest_pause: Duration,
}

impl Advisor {
    /// Starts the thread that asks. It ends when the advisor is dropped and its last question is through.
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

    /// Whether a question may be asked now.
    #[must_use]
    pub fn is_free(&self) -> bool {
        !self.waiting && self.not_before.is_none_or(|instant| Instant::now() >= instant)
    }

    /// Asks, unless it is not free.
    pub fn ask(&mut self, tick: u64, question: String) {
        if self.is_free() {
            // Without a thread there is nobody to ask, and no answer will come.
            self.waiting = self.questions.send((tick, question)).is_ok();
        }
    }

    /// The answer to the last question and the tick that it is about, if it has come within `wait`.
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
                tracing::warn!(%error, pause_ms = pause.as_millis() as u64, "no advice; playing on without");
                self.failures += 1;
                self.not_before = Some(Instant::now() + pause);
                None
            }
        }
    }

    /// How long to leave the endpoint alone: twice as long with each failure, and as long as it asks for.
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
        tracing::error!("nobody can be asked: no runtime, or no HTTP client");
        return;
    };
    while let Ok((tick, question)) = asked.recv() {
        let said = runtime.block_on(endpoint.ask(INSTRUCTIONS, &question));
        if answered.send((tick, said)).is_err() {
            return;
        }
    }
}
