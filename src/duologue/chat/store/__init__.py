"""Where rooms and messages are kept: siblings behind one interface, one suite of tests for all. SQL lives here only."""
