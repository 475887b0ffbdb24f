"""Labels of many raters that others have published, with what they computed from them."""

import numpy as np

nan = np.nan

#: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C: 12 units, 4 observers, values 1 … 5.
#: The same table is Gwet (2014), Handbook of Inter-Rater Reliability, 4th edition, page 120, and `cac.raw4raters` of
#: his R package irrCAC, save that there the last unit's one rating is the third rater's.
FOUR_RATERS = np.array(
    [
        [1, 1, nan, 1],
        [2, 2, 3, 2],
        [3, 3, 3, 3],
        [3, 3, 3, 3],
        [2, 2, 2, 2],
        [1, 2, 3, 4],
        [4, 4, 4, 4],
        [1, 1, 2, 1],
        [2, 2, 2, 2],
        [nan, 5, 5, 5],
        [nan, nan, 1, 1],
        [nan, nan, 3, nan],
    ]
)

#: Dawid and Skene (1979), Maximum likelihood estimation of observer error-rates using the EM algorithm, table 1:
#: 45 patients by row. Columns: observer 1 (three times), 2, 3, 4, 5. Fitness for anaesthesia, 1 … 4.
ANAESTHESIA = [
    "1111111",
    "3334334",
    "1122122",
    "2223121",
    "2223222",
    "2223322",
    "1222111",
    "3333433",
    "2222223",
    "2322223",
    "4444444",
    "2223343",
    "1111111",
    "2223212",
    "1211111",
    "1112111",
    "1111111",
    "1111111",
    "2222221",
    "2221322",
    "2222222",
    "2222221",
    "2223222",
    "2212222",
    "1111111",
    "1111111",
    "2322222",
    "1111111",
    "1111111",
    "1121121",
    "1111111",
    "3333233",
    "1111111",
    "2222222",
    "2223232",
    "4334343",
    "2212232",
    "2323233",
    "3333432",
    "1111111",
    "1111111",
    "1212111",
    "2322222",
    "1211111",
    "2222222",
]


def anaesthesia():
    """Item, rater and label of each of the 315 answers, from 0."""
    label = np.array([[int(digit) - 1 for digit in patient] for patient in ANAESTHESIA])
    item, column = np.indices(label.shape)
    return item.ravel(), np.maximum(column - 2, 0).ravel(), label.ravel()
