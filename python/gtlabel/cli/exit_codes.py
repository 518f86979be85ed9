"""What the command's exit code says; docs/cli.md has the same table."""

DONE = 0
FOUND = 1  # done, and what was asked about is not in order: faults, a broken trail, a target that is not met
REFUSED = 2  # could not be done: options, files, missing packages
UNFINISHED = 3  # a job stopped before its end, because answers are missing
INTERRUPTED = 130  # Ctrl-C, as shells have it
CLOSED_PIPE = 141  # whoever read the output went away
