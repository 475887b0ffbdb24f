"""The desk's keys, and what its verdicts are called."""

from apps.review.models import LABELING, Verdict

# Single keys. People may choose others for the actions; digits, arrows and Enter are fixed.
# The action as the page's script knows it, its usual key, its name, and more about it.
KEYS = (
    ("agree", "a", "agree", "where the model’s answer is shown from the start"),
    ("correct", "c", "correct or change", "to another class or number"),
    ("dispute", "d", "dispute the model", ""),
    ("cannot_tell", "t", "cannot tell yet", ""),
    ("wrong_data", "w", "data is wrong", ""),
    ("escalate", "e", "ask someone", ""),
    ("skip", "s", "skip", ""),
    ("recuse", "r", "I am involved", ""),
    ("less", ",", "less certain", ""),
    ("more", ".", "more certain", ""),
    ("note", "n", "write a note", ""),
    ("precedent", "p", "keep as a precedent", "while you settle"),
    ("guidelines", "g", "guidelines", ""),
    ("explanation", "x", "the model’s explanation", ""),
    ("filter", "/", "filter the features", ""),
    ("sheet", "?", "this sheet", ""),
)
# The verdicts without a label as the form names them.
NAMED = {action: named for action, _, named, _ in KEYS if action in set(Verdict) - set(LABELING)}
