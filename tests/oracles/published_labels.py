"""Published labels of several raters."""

import numpy as np

nan = np.nan

#: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section C: 12 units, 4 observers, values 1 … 5.
#: The same table is Gwet (2014), Handbook of Inter-Rater Reliability, 4th edition, page 120, and `cac.raw4raters` of
#: his R package irrCAC, except that there the only rating of the last unit is the third rater's.
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
