//! A bot that asks a language model what to do, and trusts no word of it.
//!
//! A turn never waits for the model: [`Advisor`] asks in the background, [`Llm`] plays on with what it was told last, as
//! far as that can still be done. What the model says is text from outside: [`answer`] reads it as such.

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
