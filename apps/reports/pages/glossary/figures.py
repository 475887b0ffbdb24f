"""Terms of reports: how they are made, how sure a figure is, what it measures."""

from apps.reports.pages.glossary.terms import Group, Term

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
            "What a right or a wrong decision is worth, by what was predicted and what was true, or what each unit "
            "costs by which a number is off; and what one review costs. Value reports rest on it.",
        ),
        Term(
            "Uncorrected figure",
            "The figure you get by counting only the reviewed cases. Reviewers mostly see difficult cases, so it is "
            "wrong, often by tens of points. It is there to show what the correction does; do not use it.",
            also="counting only the reviewed cases",
            see=("Inclusion probability",),
        ),
        Term(
            "Drift verdict",
            "Whether a score still means what it used to. The report compares what earlier outcomes led it to expect "
            "at these scores with what was measured. If chance does not explain the difference, the same score no "
            "longer means the same. With fewer than 1,000 outcomes of closed days before these days, there is no "
            "verdict.",
            also="expected and measured",
        ),
        Term(
            "Outcomes so far",
            "An estimate for the whole window from the outcomes that came early, each weighted by how likely it was "
            "to be known by now. It assumes that neither truth nor delays change within the window; where a second "
            "estimate, week by week, differs by more than chance, there is no figure.",
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
            "95 % range",
            "Where the true figure probably lies: of 100 such ranges, about 95 contain it. A range that reaches a "
            "limit, or rests on few labels, is a cautious one, cut to what is possible.",
            also="interval, low and high",
            see=("Effective sample size",),
        ),
        Term(
            "Counted",
            "Not estimated: the truth of every prediction that the figure depends on is known, so it has no range.",
            also="exact",
            see=("Closed days",),
        ),
        Term(
            "Effective sample size",
            "How many labels drawn with equal chances would be as precise. Well-chosen draws are worth more than their "
            "number.",
            also="n_eff",
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
            see=("Not estimable",),
        ),
        Term(
            "Not estimable",
            "Part of the predictions had no chance to be drawn, so no sample can speak for them. The report then gives "
            "no figure and says which part it is.",
        ),
        Term(
            "Preliminary",
            "There are too few labels for the range to be trusted. A figure stands once at least 50 labels are "
            "expected by chance alone (10 in a slice), and its uncertainty rests on enough of them. The report says "
            "how many more are needed.",
            see=("Random floor",),
        ),
    ),
)

MEASURES = Group(
    "Measures",
    (
        Term("Accuracy", "The share of predictions that are right.", also="right predictions"),
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
        Term(
            "Within the tolerance",
            "The share of predicted numbers that are right: no further from the truth than the model’s tolerance "
            "allows. Reviewers’ answers agree by the same tolerance.",
            also="right within 5 %",
        ),
        Term(
            "Model against baseline",
            "How much closer to the truth the model’s numbers are than the baseline’s, on average, case by case.",
            also="difference of mean absolute errors",
            see=("Baseline",),
        ),
        Term("R²", "The share of the variation in the truth that predicted numbers explain."),
        Term("Disagreement rate", "The share of predictions in which model and baseline differ.", see=("Baseline",)),
        Term(
            "Win rate",
            "Where model and baseline differ, how often the model is right; of numbers, how often it is closer.",
            see=("Baseline",),
        ),
        Term(
            "Balance of a reveal",
            "Of the first answers whose truth is known, the share that moved toward the truth once the model’s answer "
            "was shown, less the share that moved away from it. It takes six changed answers to tell.",
            also="does the reveal help",
            see=("Reveal",),
        ),
        Term(
            "Over-reliance",
            "Where the model is wrong and the first answer was right: how often the reviewer followed the model all "
            "the same.",
            also="model wrong, and followed",
            see=("Reveal",),
        ),
        Term(
            "One more right in 100",
            "What one more right prediction in 100 is worth. It is given as a range, because it depends on which "
            "mistakes are avoided.",
            also="value of a point of accuracy",
            see=("Value model",),
        ),
    ),
)
