"""Terms of the work: what comes in, what is drawn, how it is reviewed, how truth is settled."""

from apps.reports.pages.glossary.terms import Group, Term

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
            "The money at stake in one prediction, as sent. It weighs the prediction in value reports, where a missing "
            "amount counts as 1, and a queue can serve the largest amounts first.",
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
            "another type, or outcomes whose predictions never arrive. The rows are stored either way. Batches that a "
            "stage of processing has given up are an incident too, until they are processed.",
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
            "Logged share",
            "The fraction of its traffic that a client logs, where that is not all of it. With a share of 0.2, each "
            "prediction stands for five, and figures are about all five. What was not logged widens every range.",
            also="log_share",
            see=("Inclusion probability",),
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
            "Reveal",
            "The moment after a blind first answer when the desk shows what the model said, with contributions where "
            "there are any. From then on the reviewer may change the answer; the first one still counts.",
            see=("Judgement", "Balance of a reveal", "Over-reliance"),
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
            "Days whose time for outcomes is over, with at least nine in ten of them known or settled by the model’s "
            "rule. If none is missing, their figures are counted, not estimated.",
            also="final",
            see=("Counted", "Maturity"),
        ),
        Term(
            "Open days",
            "Days whose outcomes may still come. Their figures are estimated from reviewed cases and may change.",
            also="maturing, provisional",
        ),
    ),
)
