//! Serves the browser UI and streams the sector to it.
