"""A simulated ESP32 for MicroPython's unix build: strict fakes of what only silicon has."""
