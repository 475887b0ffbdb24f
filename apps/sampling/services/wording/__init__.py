"""Sampling in words: conditions, policies and changes as sentences for people.

Drafts are said too, with what is wrong in them as typed.
"""

from apps.sampling.services.wording.changes import changes_in_words
from apps.sampling.services.wording.conditions import condition
from apps.sampling.services.wording.numbers import rate
from apps.sampling.services.wording.policies import Said, policy, short

__all__ = ["Said", "changes_in_words", "condition", "policy", "rate", "short"]
