"""The twin's part inside LocalStack: functions as processes, moto-backed services, repairs where the emulator lies."""
