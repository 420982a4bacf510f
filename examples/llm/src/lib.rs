//! A bot that plays by the advice of a language model, without trusting it.
//!
//! A turn never waits for the model: [`Advisor`] asks in the background, and [`Llm`] follows the
//! last advice as far as it is still possible. [`answer`] parses the model's text as untrusted
//! input.

pub mod advisor;
pub mod answer;
pub mod describe;
mod endpoint;
mod llm;
mod settings;

pub use advisor::Advisor;
pub use endpoint::{Endpoint, EndpointError};
pub use llm::Llm;
pub use settings::{Settings, SettingsError};
