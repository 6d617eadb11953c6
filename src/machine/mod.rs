//! The pure core: one journaled fact after another makes the state, the state says what may start.
