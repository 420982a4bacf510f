//! Tests over real sockets, with raw bytes.

#[cfg(test)]
#[path = "it/bodies.rs"]
mod bodies;
#[cfg(test)]
#[path = "it/clients.rs"]
mod clients;
#[cfg(test)]
#[path = "it/drain.rs"]
mod drain;
#[cfg(test)]
#[path = "it/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "it/hostile.rs"]
mod hostile;
#[cfg(test)]
#[path = "it/http2.rs"]
mod http2;
#[cfg(test)]
#[path = "it/limits.rs"]
mod limits;
#[cfg(test)]
#[path = "it/proxy.rs"]
mod proxy;
#[cfg(test)]
#[path = "it/requests.rs"]
mod requests;
#[cfg(test)]
#[path = "it/upgrade.rs"]
mod upgrade;
