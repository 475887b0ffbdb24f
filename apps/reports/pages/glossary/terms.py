"""What a term of the glossary is, and what a group of them."""

from dataclasses import dataclass

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
    >>> anchor_of("95 % range"), anchor_of("Cohen’s κ")
    ('95-range', 'cohens-k')
    """
    return slugify(name.replace("κ", "k").replace("α", "alpha").replace("²", "2"))
