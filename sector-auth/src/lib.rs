//! Who is asking: login messages, wallet signatures, tokens and roles.
