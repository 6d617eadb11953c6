//! What keeps a child and its output harmless.
