//! What the services share: configuration, HTTP serving, routing, errors, telemetry.
