"""The terms of the glossary, in the order in which a prediction meets them."""

from dataclasses import dataclass, replace

from django.utils.text import slugify


@dataclass(frozen=True)
class Term:
    """A term and what it means. `also` lists its other names, `see` the related terms."""

    name: str
    meaning: str
    also: str = ""
    see: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """The fragment under which a page links to this term."""
        return anchor_of(self.name)

    @property
    def related(self) -> list[tuple[str, str]]:
        """Each related term with its fragment."""
        return [(name, anchor_of(name)) for name in self.see]

    def contains(self, words: list[str]) -> bool:
        """Say whether every word occurs in the term, its other names or its definition."""
        text = f"{self.name} {self.also} {self.meaning}".casefold()
        return all(word in text for word in words)


@dataclass(frozen=True)
class Group:
    """Terms that belong to one stage."""

    title: str
    terms: tuple[Term, ...]

    @property
    def anchor(self) -> str:
        return anchor_of(self.title)


def anchor_of(name: str) -> str:
    """
    >>> anchor_of("Range (95 % interval)"), anchor_of("Cohen’s κ")
    ('range-95-interval', 'cohens-k')
    """
    return slugify(name.replace("κ", "k").replace("α", "alpha").replace("²", "2"))


def matching(query: str) -> list[Group]:
    """Return the groups with the terms that contain every word of the query; an empty query matches all.

    >>> [term.name for group in matching("kill switch") for term in group.terms]
    []
    """
    words = query.casefold().split()
    found = [replace(group, terms=tuple(term for term in group.terms if term.contains(words))) for group in GROUPS]
    return [group for group in found if group.terms]


INTAKE = Group(
    "What comes in",
    (
        Term(
            "Prediction",
            "One answer of the model, as a client system sent it: an id, a time, a class or a number, and usually a "
            "score and the features behind it. A model uses each id once.",
            see=("Outcome", "Score", "Case"),
        ),
        Term(
            "Outcome",
            "What turned out to be true about a prediction, reported by a client system, often weeks later. An outcome "
            "may arrive before its prediction, arrive twice, or be corrected later; the one that became known last "
            "counts.",
            see=("Parked outcome", "Maturity", "Resolution"),
        ),
        Term(
            "Score",
            "The probability that the model itself gives for the positive class, between 0 and 1. Countersign corrects "
            "it with labels before it relies on it.",
        ),
        Term(
            "Baseline",
            "What the decision would have been without the model: the rule it replaced, or an older version. Clients "
            "send it beside the prediction. A baseline report compares the two.",
            see=("Win rate", "Value model"),
        ),
        Term(
            "Amount",
            "The money at stake in one prediction, as sent. It weighs the prediction in value reports, and a queue can "
            "serve the largest amounts first.",
            see=("Value model",),
        ),
        Term(
            "Slice",
            "Predictions that share a value, such as one region or one age band. A report gives its figures for each "
            "slice as well.",
            see=("Not like the rest",),
        ),
        Term(
            "Rejected row",
            "A row that was sent but not stored, with the reason. Rejected rows wait in quarantine, where an engineer "
            "can look at them and try them again.",
            also="quarantine",
        ),
        Term(
            "Duplicate and conflict",
            "The same id with the same content is a duplicate: nothing is stored twice. The same id with other content "
            "is a conflict: the first row stays, the second is rejected.",
        ),
        Term(
            "Parked outcome",
            "An outcome whose prediction has not arrived yet. The two are joined as soon as it does.",
            see=("Incident",),
        ),
        Term(
            "Incident",
            "A change in the incoming data that an engineer should look at: a feature that is missing, new or of "
            "another type, or outcomes whose predictions never arrive. The rows are stored either way.",
        ),
    ),
)

DRAWING = Group(
    "What is drawn for review",
    (
        Term(
            "Draw",
            "The choice of a prediction for review, by chance and with a recorded probability. The same prediction "
            "always gets the same answer, however often the draw is repeated.",
            also="drawn",
            see=("Inclusion probability", "Policy"),
        ),
        Term(
            "Inclusion probability",
            "How likely a prediction was to be drawn. A prediction drawn with probability 0.02 stands for 50 like it. "
            "This number is what lets an uneven sample speak for all predictions.",
            also="π, weight = 1/π",
            see=("Covered share", "Uncorrected figure"),
        ),
        Term(
            "Policy",
            "A rule that says which predictions are drawn, how often, and into which queue: all alike, by score, by "
            "uncertainty, or where model and baseline differ. A change makes a new version; earlier draws keep theirs.",
            see=("Random floor",),
        ),
        Term(
            "Random floor",
            "A small uniform policy over all predictions that every model has. It can be lowered but not removed: only "
            "a random draw can find a failure that the score does not show.",
            also="floor",
        ),
        Term(
            "Blind share",
            "The share of drawn cases that a reviewer judges before seeing the model’s answer; all of them unless an "
            "engineer lowers it. Only blind answers count in estimates.",
            see=("Blind",),
        ),
    ),
)

REVIEW = Group(
    "How cases are reviewed",
    (
        Term("Queue", "Where drawn cases wait for reviewers, with the rules by which they are judged.", see=("Slot",)),
        Term(
            "Case",
            "A drawn prediction as people see it: its features, and the question to answer about it.",
            see=("Item",),
        ),
        Term(
            "Item",
            "The record behind a case. It keeps a copy of the features, so that the case outlives the data that was "
            "sent, and everything that was settled about it.",
        ),
        Term(
            "Slot",
            "One review that a case still needs. A case for two reviewers has two slots; a second opinion is a slot of "
            "its own.",
            see=("Lease", "Adjudication"),
        ),
        Term(
            "Lease",
            "The time for which a slot belongs to one reviewer. It is extended while they work. When it runs out, "
            "somebody else may take the slot, unless its first answer is already stored.",
        ),
        Term(
            "Blind",
            "Judged before the model’s answer is shown. A reviewer who has seen it tends to agree with it, so until "
            "the first answer is stored the server sends nothing about the prediction.",
            see=("Judgement", "Blind share"),
        ),
        Term(
            "Judgement",
            "A reviewer’s first answer to a blind case. It is the answer that counts, even if the reviewer changes "
            "their mind once they see what the model said.",
            also="first answer",
            see=("Decision",),
        ),
        Term(
            "Decision",
            "How a reviewer closes their part of a case: keep the answer, correct it, dispute the model, or pass the "
            "case on. Decisions are added, never overwritten.",
        ),
        Term(
            "Dispute",
            "A reviewer’s claim that the model is wrong, with a reason. It always goes to an adjudicator; an engineer "
            "may reply for the model.",
        ),
        Term(
            "Question",
            "A request to a colleague about a case. The case stays with the reviewer who asked, and returns with the "
            "answer. The colleague is not asked to judge it.",
        ),
        Term(
            "Adjudication",
            "A second look at a case by an adjudicator, who sees all answers. Disputes always get one; other cases are "
            "chosen with a probability that the queue sets and the case records.",
            also="second opinion",
            see=("Consensus", "Resolution"),
        ),
        Term(
            "Consensus",
            "What the reviewers of a case say together: the answer of the majority, or the first slot’s at a tie.",
            see=("Label",),
        ),
        Term(
            "Known answer",
            "A case whose truth is known, mixed into a queue to measure how often a reviewer is right. It looks like "
            "any other case and enters no report about the model.",
            also="gold",
            see=("Repeat",),
        ),
        Term(
            "Repeat",
            "A case that the same reviewer answered before, shown again after at least twenty others to measure how "
            "consistent they are. It enters no report about the model.",
        ),
        Term(
            "Precedent",
            "A settled case that an adjudicator has marked as an example for similar ones.",
        ),
        Term(
            "Drained",
            "A window is drained when none of its cases waits for an answer. Answers from a queue that serves by "
            "amount or by age count only then: the cases it serves first are not a random part.",
            see=("Response rate",),
        ),
    ),
)

TRUTH = Group(
    "How truth is settled",
    (
        Term(
            "Label",
            "What people or outcomes say about a prediction: the class or number that it should have been. Exported "
            "labels carry their source, inclusion probability and weight.",
            see=("Resolution",),
        ),
        Term(
            "Resolution",
            "What is believed true about a prediction from some moment on: the outcome if it is known, else the "
            "adjudicator’s answer, else the reviewers’ consensus. New knowledge adds a resolution with a higher "
            "number; earlier ones stay on record.",
            also="record number, seq",
            see=("As of",),
        ),
        Term(
            "Cohort",
            "The predictions of one day. A day is open while its outcomes may still come, and closed afterwards.",
            see=("Closed days", "Open days"),
        ),
        Term(
            "Maturity",
            "How many days after a prediction its outcome may still come. Each model has its own number, and a rule "
            "for outcomes that never come.",
            also="maturity horizon",
        ),
        Term(
            "Closed days",
            "Days whose outcomes are in, or whose time for outcomes is over. Their figures are counted, not estimated.",
            also="final",
        ),
        Term(
            "Open days",
            "Days whose outcomes may still come. Their figures are estimated from reviewed cases and may change.",
            also="maturing, provisional",
        ),
    ),
)

REPORTS = Group(
    "How a report is made",
    (
        Term(
            "As of",
            "The moment whose knowledge a report uses. Anything learned later is left out, so the same report can be "
            "computed again at any time.",
            see=("Restatement",),
        ),
        Term(
            "Restatement",
            "A figure that changed since an earlier report on the same time: what it was, what it is, and why. Reports "
            "themselves never change.",
        ),
        Term(
            "Value model",
            "What a right or a wrong decision is worth, by what was predicted and what was true, and what one review "
            "costs. Value reports rest on it.",
        ),
        Term(
            "Uncorrected figure",
            "The figure you get by counting only the reviewed cases. Reviewers mostly see difficult cases, so it is "
            "wrong, often by tens of points. It is there to show what the correction does; do not use it.",
            also="if one only counted the reviewed cases",
            see=("Inclusion probability",),
        ),
        Term(
            "Drift verdict",
            "Whether a score still means what it used to. The report compares what earlier outcomes led it to expect "
            "at these scores with what was measured. If chance does not explain the difference, the same score no "
            "longer means the same. With too few earlier outcomes there is no verdict.",
            also="expected and measured",
        ),
        Term(
            "Outcomes so far",
            "An estimate for the whole window from the outcomes that came early, each weighted by how likely it was "
            "to be known by now. It assumes that delays do not change over time.",
        ),
        Term(
            "Not like the rest",
            "A slice whose figure differs from the others by more than chance explains. Of all slices marked this "
            "way, at most one in twenty is expected to be marked wrongly (Benjamini and Hochberg).",
        ),
    ),
)

CERTAINTY = Group(
    "How sure a figure is",
    (
        Term(
            "Range (95 % interval)",
            "Where the true figure probably lies. Over many reports, 95 in 100 such ranges contain it.",
            also="likely between, likely range, interval",
            see=("Effective sample size",),
        ),
        Term(
            "Counted",
            "Not estimated: the truth of every prediction is known, so the figure has no range.",
            also="exact",
            see=("Closed days",),
        ),
        Term(
            "Effective sample size",
            "The number of predictions that would give as narrow a range if all were drawn alike. Well-chosen draws "
            "are worth more than their number.",
            also="worth as many equal draws as, n_eff",
        ),
        Term(
            "Response rate",
            "The share of drawn cases that have an answer. The others are assumed to resemble the answered ones with "
            "similar scores, which holds because cases are served in random order.",
            also="answered",
            see=("Drained",),
        ),
        Term(
            "Covered share",
            "The share of predictions that had any chance to be drawn.",
            also="could be drawn",
            see=("Not estimable",),
        ),
        Term(
            "Not estimable",
            "Part of the predictions had no chance to be drawn, so no sample can speak for them. The report then gives "
            "no figure and says which part it is.",
        ),
        Term(
            "Preliminary",
            "There are too few labels for the range to be trusted. The report says how many more are needed.",
        ),
    ),
)

MEASURES = Group(
    "Measures",
    (
        Term("Accuracy", "The share of predictions that are right.", also="right decisions"),
        Term("Precision", "Of all predictions of a class, the share that really is of that class."),
        Term("Recall", "Of everything that really is of a class, the share that the model found.", also="sensitivity"),
        Term("F1", "Precision and recall in one figure: their harmonic mean."),
        Term("Specificity", "Of everything that is not of the positive class, the share that the model left out."),
        Term("Balanced accuracy", "The mean of the recall of each class, however rare a class is."),
        Term(
            "AUC",
            "How well the score ranks: the probability that it is higher for a positive case than for a negative one. "
            "0.5 is chance, 1 is perfect.",
            also="ranking quality",
        ),
        Term("Average precision", "Precision as the threshold falls, averaged over everything that is positive."),
        Term("Brier score", "The mean squared distance of the score from what was true. Lower is better."),
        Term("Log loss", "How surprised the score is by what was true, in nats. Lower is better."),
        Term("Calibration error", "How far stated probabilities are from what was true, on average.", also="ECE"),
        Term("MCC", "The correlation of prediction and truth, from −1 to 1.", also="Matthews correlation coefficient"),
        Term("Cohen’s κ", "Agreement beyond what chance alone would give; 1 is full agreement.", also="kappa"),
        Term(
            "Krippendorff’s α",
            "Agreement between reviewers beyond what chance alone would give, for any number of them.",
            also="alpha",
        ),
        Term("Mean absolute error", "How far a predicted number is off, on average.", also="MAE"),
        Term("RMSE", "How far a predicted number is off, with large misses counting more."),
        Term("Bias", "Whether predicted numbers are too high or too low, on average."),
        Term("R²", "The share of the variation in the truth that predicted numbers explain."),
        Term("Disagreement rate", "The share of predictions in which model and baseline differ.", see=("Baseline",)),
        Term("Win rate", "Where model and baseline differ, how often the model is right.", see=("Baseline",)),
        Term(
            "One more right in 100",
            "What one more right prediction in 100 is worth. It is given as a range, because it depends on which "
            "mistakes are avoided.",
            also="value of a point of accuracy",
            see=("Value model",),
        ),
    ),
)

GROUPS = (INTAKE, DRAWING, REVIEW, TRUTH, REPORTS, CERTAINTY, MEASURES)
