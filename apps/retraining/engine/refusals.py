"""Why labels do not bear a study."""

from apps.common.errors import DomainError

LEAST_LABELS = 500
LEAST_OF_A_CLASS = 20


class TooLittleError(DomainError):
    """The labels are too few, or too much alike; the message says what is missing."""

    status = 409
    code = "too_little"


def too_few(labels: int) -> TooLittleError:
    """
    >>> str(too_few(312))
    'Too few labels: a learning curve needs 500, and there are 312. Come back after 188 more.'
    """
    missing = LEAST_LABELS - labels
    return TooLittleError(
        f"Too few labels: a learning curve needs {LEAST_LABELS}, and there are {labels}."
        f" Come back after {missing} more."
    )


def one_class(name: str, others: int) -> TooLittleError:
    """
    >>> str(one_class("repaid", 3))
    'Nearly all labels are “repaid”: a new model needs 20 of other classes to learn from, and there are 3.'
    """
    return TooLittleError(
        f"Nearly all labels are “{name}”: a new model needs {LEAST_OF_A_CLASS} of other classes to learn from, and"
        f" there {'is' if others == 1 else 'are'} {others}."
    )


def few_features(labels: int) -> TooLittleError:
    """
    >>> str(few_features(0))
    'Too few labels with features: a learning curve needs 500, and there are 0. The others’ are no longer kept.'
    """
    return TooLittleError(
        f"Too few labels with features: a learning curve needs {LEAST_LABELS}, and there are {labels}."
        " The others’ are no longer kept."
    )


def no_features() -> TooLittleError:
    return TooLittleError(
        "The labeled predictions have no features to learn from: a new model needs numbers or categories that vary."
    )


def one_subject() -> TooLittleError:
    return TooLittleError(
        "Nearly all labels are about the same few subjects: a new model could not be judged by others."
    )


def no_difference() -> TooLittleError:
    return TooLittleError("New models answer as this one does, prediction for prediction: there is nothing to compare.")
