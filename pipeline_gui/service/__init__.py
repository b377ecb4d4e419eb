"""The HTTP API, the HTML dashboard, metrics: the face that programs call, and the watcher that is always on."""
