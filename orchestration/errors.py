"""Errors a person can act on: what is wrong, where, and the way out."""


class FaultlineError(Exception):
    """Base of all errors that are shown as one sentence, without a stack trace."""

    exit_code = 1


class ConfigurationError(FaultlineError):
    """A setting, a path or a source file is wrong; the run was refused."""

    exit_code = 2


class RunError(FaultlineError):
    """A run could not finish; the last publication stands."""

    exit_code = 1


class InterruptedRunError(FaultlineError):
    """A person or the machine stopped the command."""

    exit_code = 130


class UnknownError(RunError):
    """No rule explains what happened; a stack trace helps."""
