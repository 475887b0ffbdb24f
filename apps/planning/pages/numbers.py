"""Numbers of the sampling editor as people read them."""

from decimal import Decimal

from apps.common.numerals import count, fixed, localized


def cases(number: float) -> str:
    """Write an expected number of cases.

    >>> cases(52.4), cases(3.26), cases(0.04), cases(0), cases(1234.5)
    ('52', '3.3', 'less than 0.1', '0', '1,234')
    """
    if 0 < number < 0.1:
        return f"less than {fixed(0.1, 1)}"
    return localized(f"{number:.1f}".removesuffix(".0")) if number < 10 else count(number)


def between(low: float, high: float) -> str:
    """Write a range of whole cases.

    >>> between(43.2, 60.1), between(0.2, 3)
    ('43 to 60', '0 to 3')
    """
    return f"{count(low)} to {count(high)}"


def hours(minutes: float) -> str:
    """Write a working time.

    >>> hours(286), hours(48.2), hours(0.4), hours(60)
    ('4 h 46 min', '48 min', 'less than 1 min', '1 h')
    """
    if minutes < 0.5:
        return "0 min" if minutes <= 0 else "less than 1 min"
    whole, rest = divmod(round(minutes), 60)
    return " ".join(part for part in (f"{count(whole)} h" if whole else "", f"{rest} min" if rest else "") if part)


def money(amount: Decimal | float, currency: str) -> str:
    """Write an amount of money, without cents from 100 on.

    >>> money(207.4, "USD"), money(39.5, "EUR")
    ('USD 207', 'EUR 39.50')
    """
    number = float(amount)
    return f"{currency} {count(number) if abs(number) >= 100 or number == 0 else fixed(number, 2)}"


def percent(share: float) -> str:
    """Write a share as a percentage.

    >>> percent(0.493), percent(0.012), percent(0.0004), percent(0), percent(1)
    ('49 %', '1.2 %', 'less than 0.1 %', '0 %', '100 %')
    """
    if 0 < share < 0.001:
        return f"less than {fixed(0.1, 1)} %"
    number = 100 * share
    return f"{fixed(number, 0 if number >= 10 or number == 0 else 1)} %"
