"""Bad input for the basic functions gives an error that names the argument, or sound numbers."""

import numpy as np
import pytest
from hypothesis import strategies as st

from apps.stats import arrays, intervals, moderation, sample_size, sequence
from apps.stats.arrays import LARGEST
from apps.stats.estimate import Estimate, missing
from tests.stats.broken import NUMBERS, VECTORS
from tests.stats.soundness import INF, NAN, attempted, holds, judged, quick_and_many

CHECKS = [
    arrays.as_floats,
    arrays.as_ints,
    arrays.as_binary,
    arrays.as_bools,
    arrays.as_inclusion,
    arrays.as_probability,
]
COUNTS = st.sampled_from([-1, 0, 1, 2, 100, 10**12])
LEVELS = st.sampled_from([0.95, 0.0, 1.0, 1 - 1e-16, 1e-300, 0.999999, -1.0, NAN, INF])


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ([0.5, NAN], "x holds nan or infinite values"),
        ([INF], "x holds nan or infinite values"),
        ([[1.0]], r"x must have one dimension, got shape \(1, 1\)"),
        (1.0, r"x must have one dimension, got shape \(\)"),
        (None, r"x must have one dimension, got shape \(\)"),
        ("half", "x must hold numbers only"),
        ([[1], [1, 2]], "x must hold numbers only"),
        ([10**400], "x must hold numbers only"),
        ({}, "x must hold numbers only"),
    ],
)
def test_an_error_names_an_argument_that_is_no_vector_of_numbers(check, given, complaint):
    with pytest.raises(ValueError, match=complaint):
        check("x", given)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: arrays.as_floats("x", [1, 2], length=3), "x must have length 3, got 2"),
        (lambda: arrays.as_floats("x", [1e31], largest=LARGEST), r"x holds values beyond ±1e\+30"),
        (lambda: arrays.as_floats("x", [INF], allow_nan=True), "x holds infinite values"),
        (lambda: arrays.as_ints("x", [0.5]), "x must hold whole numbers"),
        (lambda: arrays.as_ints("x", [1e300]), r"x holds values beyond ±9e\+15"),
        (lambda: arrays.as_ints("x", [-1]), "x must not be below 0, got -1"),
        (lambda: arrays.as_binary("x", [2]), "x must be 0 or 1"),
        (lambda: arrays.as_inclusion("x", [0.0]), r"x must be in \(0, 1\], got 0.0"),
        (lambda: arrays.as_inclusion("x", [1.1]), r"x must be in \(0, 1\], got 1.1"),
        (lambda: arrays.as_inclusion("x", [1e-300]), "x must not be below 1.1e-16"),
        (lambda: arrays.as_probability("x", [-0.1]), r"x must be in \[0, 1\]"),
        (lambda: arrays.as_probability("x", [1e-300]), "x must not be below 1.1e-16"),
        (lambda: arrays.as_mask("x", [0, 1], length=2), "x must be a boolean mask of length 2"),
        (lambda: arrays.as_mask("x", [True], length=2), "x must be a boolean mask of length 2"),
        (lambda: arrays.as_mask("x", [[True], [True, False]], length=2), "x must be a boolean mask of length 2"),
        (lambda: arrays.as_level(1.0), "level must be in"),
        (lambda: arrays.same_length(x=[1], y=[]), "lengths differ: {'x': 1, 'y': 0}"),
        (lambda: intervals.wilson_interval(1, 0), "n must be positive"),
        (lambda: intervals.wilson_interval(2, 1), "successes must be between 0 and n"),
        (lambda: intervals.wilson_interval(NAN, 1), "successes must be between 0 and n"),
        (lambda: intervals.wilson_interval(1, 2, level=0), "level must be in"),
        (lambda: intervals.logit_mod(NAN, variance=1, df=10, n=1), "value must be finite"),
        (lambda: intervals.logit_mod(0.5, variance=-1, df=10, n=1), "variance must not be negative"),
        (lambda: intervals.plain_mod(0.5, variance=NAN, df=10), "variance must be finite"),
        (lambda: intervals.logit_mod(0.5, variance=0, df=10, n=1, plug_in=INF), "plug_in must be finite"),
        (lambda: moderation.moderate([1], [1], [1], nu_0=0), "nu_0 must be positive"),
        (lambda: moderation.degrees_of_freedom([-1]), "terms must not be negative"),
        (lambda: intervals.t_quantile(0.95, 0), "df must be positive"),
        (lambda: intervals.t_quantile(0.95, 1e-3), "df is too small for level 0.95"),
        (lambda: Estimate(None, None, None, "none", 0), "needs a code"),
        (lambda: Estimate(0.5, NAN, 1, "plain", 1), "low, high, se, df, n_eff and covered_share must be finite"),
        (lambda: Estimate(0.5, 0, 1, "plain", 1, se=NAN), "se, df, n_eff and covered_share must be finite"),
        (lambda: Estimate(0.5, 0, 1, "plain", 1).scaled(NAN), "factor must be finite"),
        (lambda: Estimate(0.5, 0, 1, "plain", 1).shifted(INF), "by must be finite"),
        (lambda: sample_size.effective_size(np.array([0.0])), "pi must be positive"),
        (lambda: sample_size.missed_error_bound(0), "floor_labels must be positive"),
        (lambda: sample_size.missed_error_bound(INF), "floor_labels must be positive"),
        (lambda: sequence.confidence_sequence(missing("no_labels"), first_look=0), "first_look must be positive"),
        (lambda: sequence.sequence_factor(0), "n must be positive"),
        (lambda: sequence.sequence_factor(9, level=NAN), "level must be in"),
    ],
)
def test_an_error_names_the_impossible_argument(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


def test_a_figure_above_one_has_no_bounded_sequence():
    error = Estimate(5.0, 4.0, 6.0, "plain-mod", 200, se=0.5)
    with pytest.raises(ValueError, match=r"figure must be in \[0, 1\]"):
        sequence.confidence_sequence(error)
    assert sequence.confidence_sequence(error, is_bounded=False).low < 4.0


@quick_and_many(150, times=12)
def test_every_check_returns_its_array_or_names_the_argument(examples):
    def claim(check, values, length):
        found = judged(lambda: check("x", values, length=length), "x")
        assert found is None or (found.ndim == 1 and (length is None or len(found) == length))

    holds(claim, st.sampled_from(CHECKS), VECTORS, st.sampled_from([None, 0, 1, 2]), examples=examples)


@quick_and_many(100, times=12)
def test_wilson_s_interval_contains_the_share_for_all_counts(examples):
    def claim(successes, n, level):
        ends = judged(lambda: intervals.wilson_interval(successes, n, level=level), "successes", "n", "level")
        if ends is not None:
            assert 0 <= ends[0] <= successes / n + 1e-15
            assert successes / n - 1e-15 <= ends[1] <= 1

    holds(claim, NUMBERS, NUMBERS, LEVELS, examples=examples)


@quick_and_many(150, times=12)
def test_logit_mod_contains_the_value_for_all_variances(examples):
    def claim(value, low, width, **given):
        limits = (low, low + width)
        named = ("value", "df", "variance", *given)
        found = judged(lambda: intervals.logit_mod(value, limits=limits, **given), *named)
        assert found is None or limits[0] <= found.low <= found.value <= found.high <= limits[1]
        plain = {name: given[name] for name in ("variance", "df", "level")}
        judged(lambda: intervals.plain_mod(value, **plain), *named)

    holds(
        claim,
        value=NUMBERS | st.floats(0, 1),
        low=st.floats(0, 0.9),
        width=st.floats(0, 0.1) | st.just(0.1),
        variance=NUMBERS | st.floats(0, 1),
        df=NUMBERS | st.floats(1, 100),
        n=COUNTS,
        plug_in=st.none() | NUMBERS,
        level=st.just(0.95) | LEVELS,
        examples=examples,
    )


@quick_and_many(80, times=12)
def test_moderation_and_sizes_are_sound_or_an_error(examples):
    def claim(one, two, three):
        judged(lambda: moderation.moderate(one, two, three), "design", "nu", "anticipated")
        judged(lambda: moderation.degrees_of_freedom(one), "terms")
        judged(lambda: sample_size.effective_size(np.array(one)), "pi")

    lists = st.lists(NUMBERS, min_size=1, max_size=2)
    holds(claim, lists, lists, lists, examples=examples)


@quick_and_many(100, times=12)
def test_figures_and_their_sequences_are_sound_or_an_error(examples):
    def claim(*, number, other, n, first_look, level, floor):
        numbers = ("value", "low", "high", "se")
        figure = judged(lambda: Estimate(number, number, number, "plain", n, se=abs(other)), *numbers)
        judged(lambda: intervals.t_quantile(level, other), "level", "df")
        judged(lambda: sample_size.missed_error_bound(floor), "floor_labels")
        needed = {"nu": other, "n": n, "by_chance": floor, "expected": number}
        judged(lambda: sample_size.labels_needed(**needed), *needed)
        judged(lambda: sequence.sequence_factor(n, first_look=first_look, level=level), "n", "first_look", "level")
        if figure is not None and max(abs(number), abs(other)) < 1e100:
            judged(lambda: figure.scaled(other), "factor")
            judged(lambda: figure.shifted(other), "by")
            look = {"first_look": first_look, "level": level}
            judged(lambda: sequence.confidence_sequence(figure, **look), "figure", *look)
            judged(lambda: sequence.confidence_sequence(figure, is_bounded=False, **look), *look)

    first = st.sampled_from([100, 0, 1, NAN, INF, 10**12])
    numbers = {"number": NUMBERS, "other": NUMBERS, "floor": NUMBERS}
    holds(claim, **numbers, n=COUNTS, first_look=first, level=LEVELS, examples=examples)


@quick_and_many(100)
def test_a_mask_has_the_right_length_or_is_an_error(examples):
    def claim(mask, length):
        found = attempted(lambda: arrays.as_mask("x", mask, length=length), "x")
        assert found is None or found.shape == (length,)

    masks = st.one_of(VECTORS, st.lists(st.booleans(), max_size=3))
    holds(claim, masks, st.integers(0, 3), examples=examples)
