"""Keys of the configuration that make a bench quicker than a house."""

SHORT = {
    "heartbeat_s": 1,
    "status_s": 5,
    "backoff_s": 0.2,
    "backoff_cap_s": 1,
    "confirm_s": 2,
    "trial_s": 120,
}
