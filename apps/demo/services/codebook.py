"""The meaning of the census columns and their codes (American Community Survey, public-use microdata)."""

from typing import Any

# In the order of the model's inputs.
FEATURES = (
    "AGEP", "SCHL", "MAR", "RELP", "DIS", "ESP", "CIT", "MIG",
    "MIL", "ANC", "NATIVITY", "DEAR", "DEYE", "DREM", "SEX", "RAC1P",
)  # fmt: skip

PERSON = "Person"
WORK = "Education and work history"
HOUSEHOLD = "Household"
HEALTH = "Health"

NOT_ASKED = "Not asked (child)"
YES_OR_NO = {"1": "Yes", "2": "No", "0": NOT_ASKED}

SCHOOLING = {
    "0": "Under 3 years old",
    "1": "No schooling completed",
    "2": "Nursery school or preschool",
    "3": "Kindergarten",
    **{str(grade + 3): f"Grade {grade}" for grade in range(1, 12)},
    "15": "Grade 12, no diploma",
    "16": "High school diploma",
    "17": "GED or other credential",
    "18": "Some college, under 1 year",
    "19": "Some college, no degree",
    "20": "Associate's degree",
    "21": "Bachelor's degree",
    "22": "Master's degree",
    "23": "Professional degree",
    "24": "Doctorate",
}
MARITAL = {"1": "Married", "2": "Widowed", "3": "Divorced", "4": "Separated", "5": "Never married"}
RELATION = {
    "0": "Householder",
    "1": "Husband or wife",
    "2": "Biological child",
    "3": "Adopted child",
    "4": "Stepchild",
    "5": "Brother or sister",
    "6": "Father or mother",
    "7": "Grandchild",
    "8": "Parent-in-law",
    "9": "Son- or daughter-in-law",
    "10": "Other relative",
    "11": "Roomer or boarder",
    "12": "Housemate or roommate",
    "13": "Unmarried partner",
    "14": "Foster child",
    "15": "Other person, not related",
    "16": "Lives in an institution",
    "17": "Lives in other group quarters",
}
PARENTS = {
    "0": "Not a child living with parents",
    "1": "Two parents, both in the labor force",
    "2": "Two parents, only the father in the labor force",
    "3": "Two parents, only the mother in the labor force",
    "4": "Two parents, neither in the labor force",
    "5": "Father only, in the labor force",
    "6": "Father only, not in the labor force",
    "7": "Mother only, in the labor force",
    "8": "Mother only, not in the labor force",
}
CITIZENSHIP = {
    "1": "Born in the US",
    "2": "Born in a US territory",
    "3": "Born abroad of US parents",
    "4": "Naturalized citizen",
    "5": "Not a citizen",
}
MOVED = {
    "0": "Under 1 year old",
    "1": "Yes, in the same home",
    "2": "No, lived outside the US",
    "3": "No, lived elsewhere in the US",
}
MILITARY = {
    "0": "Under 17 years old",
    "1": "On active duty now",
    "2": "On active duty in the past",
    "3": "Training in Reserves or National Guard only",
    "4": "Never served",
}
ANCESTRY = {"1": "Single", "2": "Multiple", "3": "Unclassified", "4": "Not reported", "8": "Withheld"}
RACE = {
    "1": "White",
    "2": "Black or African American",
    "3": "American Indian",
    "4": "Alaska Native",
    "5": "American Indian or Alaska Native, other or not specified",
    "6": "Asian",
    "7": "Native Hawaiian or other Pacific Islander",
    "8": "Some other race",
    "9": "Two or more races",
}


def _coded(name: str, label: str, group: str, codes: dict[str, str], *, sensitive: bool = False) -> dict[str, Any]:
    return {
        "name": name, "type": "category", "label": label, "group": group, "codes": codes, "sensitive": sensitive,
    }  # fmt: skip


DECLARED: list[dict[str, Any]] = [
    {"name": "AGEP", "type": "integer", "label": "Age", "group": PERSON, "unit": "years"},
    _coded("SEX", "Sex", PERSON, {"1": "Male", "2": "Female"}, sensitive=True),
    _coded("MAR", "Marital status", PERSON, MARITAL),
    _coded("RAC1P", "Race", PERSON, RACE, sensitive=True),
    _coded("CIT", "Citizenship", PERSON, CITIZENSHIP, sensitive=True),
    _coded("NATIVITY", "Born", PERSON, {"1": "Native", "2": "Foreign born"}),
    _coded("ANC", "Ancestry answer", PERSON, ANCESTRY),
    _coded("SCHL", "Education", WORK, SCHOOLING),
    _coded("MIL", "Military service", WORK, MILITARY),
    _coded("RELP", "Relation to the householder", HOUSEHOLD, RELATION),
    _coded("ESP", "Parents' employment", HOUSEHOLD, PARENTS),
    _coded("MIG", "Lived here a year ago", HOUSEHOLD, MOVED),
    _coded("DIS", "Has a disability", HEALTH, YES_OR_NO, sensitive=True),
    _coded("DEAR", "Hearing difficulty", HEALTH, YES_OR_NO),
    _coded("DEYE", "Vision difficulty", HEALTH, YES_OR_NO),
    _coded("DREM", "Cognitive difficulty", HEALTH, YES_OR_NO),
]
