"""Errors a person can act on: what is wrong, where, and the way out."""


class FaultlineError(Exception):
    """Base of all errors that are shown as one sentence, without a stack trace."""


class ConfigurationError(FaultlineError):
    """A setting or source file is wrong; nothing was run (exit code 2)."""


class RunError(FaultlineError):
    """A run could not finish; the last publication stands (exit code 1)."""
