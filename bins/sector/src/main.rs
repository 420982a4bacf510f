//! One command for a whole sector, and its tools.
fn main() {}
