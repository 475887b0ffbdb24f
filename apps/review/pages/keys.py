"""The desk's single keys. A person may give each action another one; digits, arrows and Enter are everybody's."""

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
