"""The protocol without a network: state that takes frames and says what to do next. No clock, no loop, no I/O."""
