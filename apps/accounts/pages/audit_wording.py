"""The acts in words."""

# What somebody did, with a place for what it was done to; and how to say it where that is left open.
ACTS = {
    "project.made": ("made {}", "Made the project"),
    "member.added": ("took in {}", "Took in a person"),
    "member.role_changed": ("gave another role to {}", "Gave a person another role"),
    "member.removed": ("removed {}", "Removed a person"),
    "member.link_made": ("made a first sign-in link for {}", "Made a first sign-in link"),
    "key.made": ("made {}", "Made a key"),
    "key.revoked": ("revoked {}", "Revoked a key"),
    "model.registered": ("registered {}", "Registered a model"),
    "model.changed": ("changed {}", "Changed a model"),
    "sampling.changed": ("changed what is drawn of {}", "Changed what is drawn"),
    "incident.closed": ("closed {}", "Closed an incident"),
    "queue.changed": ("changed {}", "Changed a queue"),
    "queue.paused": ("paused {}", "Paused a queue"),
    "queue.resumed": ("resumed {}", "Resumed a queue"),
    "slot.released": ("released {}", "Released a slot"),
    "slot.reassigned": ("gave {} to somebody else", "Gave a slot to somebody else"),
    "item.reopened": ("opened {} again", "Opened an item again"),
    "guideline.written": ("wrote a guideline: {}", "Wrote a guideline"),
    "gold.made": ("made a gold answer: {}", "Made a gold answer"),
    "gold.retired": ("retired a gold answer: {}", "Retired a gold answer"),
    "dispute.answered": ("answered a dispute: {}", "Answered a dispute"),
}


def said(act: str, subject: str) -> str:
    """`paused queue main`; an act that nobody has put in words is shown as it is."""
    if act not in ACTS:
        return f"{act} {subject}"
    return ACTS[act][0].format(subject)


def said_of_any(act: str) -> str:
    """The act without what it was done to, for a list to choose from."""
    return ACTS[act][1] if act in ACTS else act
