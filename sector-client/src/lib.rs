//! A typed client for a running sector, and a bot runner.
