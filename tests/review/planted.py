"""A prediction with figures that appear nowhere else, so finding one on a page means the prediction leaked."""

PLANTED = {
    "prediction": "yes",
    "score": 0.731234567,
    "probabilities": {"no": 0.268765433, "yes": 0.731234567},
    "attributions": {"age": 0.765432198, "sex": -0.312345678},
    # So that they add up to the score: others are not shown.
    "attribution_base": 0.278148047,
    "processed": {"age": 0.912345678, "income_bin": "planted-bin"},
    "baseline": "no",
}
NUMBERS = (b"0.7312", b"0.2687", b"0.7654", b"0.3123", b"0.2781", b"0.9123", b"planted-bin", b"As the model saw it")
SECRETS = (*NUMBERS, b'prediction"', b"score", b"baseline", b"attribution", b"processed")
