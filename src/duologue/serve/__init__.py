"""The process: one port for both services. The only place that knows both."""
